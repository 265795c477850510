if (args is ["memory", .. string[] ways])
    VariationalBoN.Benchmarks.TrainingMemory.Run(ways);
else if (args is ["cache"])
    await VariationalBoN.Benchmarks.CacheCost.RunAsync();
else
    BenchmarkDotNet.Running.BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
