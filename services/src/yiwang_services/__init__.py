"""What runs in the hub image: one package a service, blind to each other, standing on yiwang_kit."""
