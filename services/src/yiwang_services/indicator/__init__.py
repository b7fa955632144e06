"""Indicators: what is counted, by which published rule, from which rows. 指标。"""
