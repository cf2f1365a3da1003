"""What comes with toyvm: its guests assembled already, what their headers say, how far each was ported."""
