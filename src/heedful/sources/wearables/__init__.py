"""Watches, phones and actigraphs: one module a maker's format, each a `Source`."""

from heedful.sources.wearables import actigraphy as actigraphy
from heedful.sources.wearables import apple_health as apple_health
from heedful.sources.wearables import carelink as carelink
from heedful.sources.wearables import dexcom_clarity as dexcom_clarity
from heedful.sources.wearables import fit as fit
from heedful.sources.wearables import fitabase as fitabase
from heedful.sources.wearables import fitbit_api as fitbit_api
from heedful.sources.wearables import fitbit_takeout as fitbit_takeout
from heedful.sources.wearables import gadgetbridge as gadgetbridge
from heedful.sources.wearables import google_fit as google_fit
from heedful.sources.wearables import gpx as gpx
from heedful.sources.wearables import health_connect as health_connect
from heedful.sources.wearables import libreview as libreview
from heedful.sources.wearables import open_mhealth as open_mhealth
from heedful.sources.wearables import oura as oura
from heedful.sources.wearables import polar as polar
from heedful.sources.wearables import rapids as rapids
from heedful.sources.wearables import rr_text as rr_text
from heedful.sources.wearables import samsung as samsung
from heedful.sources.wearables import shimmer as shimmer
from heedful.sources.wearables import tcx as tcx
from heedful.sources.wearables import withings as withings
