"""The built-in detectors, one file each; `clawforge.decide.dlp.registry` lists them."""
