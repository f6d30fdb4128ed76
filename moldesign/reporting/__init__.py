"""What is shown to people: pictures and reports, made of results that other layers computed."""
