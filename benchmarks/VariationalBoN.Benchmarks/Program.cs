if (args is ["memory", .. string[] ways])
    VariationalBoN.Benchmarks.TrainingMemory.Run(ways);
else
    BenchmarkDotNet.Running.BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
