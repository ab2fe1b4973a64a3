"""Reading what the pipeline did, through ordinary AWS calls of the admin: nothing here changes it."""
