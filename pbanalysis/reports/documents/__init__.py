"""What leaves the office: pages, attachments in all formats, the contents page, and their facts."""
