"""Ready settings, one YAML file each. This is a package so that an installation finds them, too."""
