"""The one law at work: base rows in, touched keys out, exactly those keys derived again."""
