"""What a site stands on, behind one contract: facts, plan, run(step), prove. One module a substrate, named by a string."""
