"""What this program is made of: the parts that are installed, their licences and their bill of materials."""
