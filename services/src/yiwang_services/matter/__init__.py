"""The catalogue of matters: what can be handled, since when, within which limit. 事项目录。"""
