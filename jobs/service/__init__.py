"""What runs by the clock, and how it is watched: schedules, the service, its logs. Only here is APScheduler used."""
