"""The main job without hands, through the whole path and onto the screen: `make smoke`."""
