"""The backbones that are searched by default."""

from __future__ import annotations

BACKBONES = (
    "tf_efficientnet_lite0",
    "efficientnet_b0",
    "mobilenetv3_large_100",
    "mobilenetv4_conv_small",
    "mobilenetv4_conv_small_050",
    "lcnet_050",
    "mobilenetv3_small_075",
    "edgenext_xx_small",
    "tinynet_e",
)
"""Three backbones whose cuts are small, then six that are small when they are whole."""
