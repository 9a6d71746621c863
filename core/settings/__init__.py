"""Every setting of the service; the only reader of the environment."""

from core.settings.faces import DEFAULT_MAX_DISTANCE
from core.settings.settings import Settings, load_settings, settings_of_file

__all__ = ["DEFAULT_MAX_DISTANCE", "Settings", "load_settings", "settings_of_file"]
