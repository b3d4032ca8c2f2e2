"""The pack's HTTP routes: what the dashboard reads and asks for."""
