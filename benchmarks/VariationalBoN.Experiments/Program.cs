using VariationalBoN.Experiments;

return await ExperimentsCommandLine.InvokeAsync(args);
