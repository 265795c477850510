using VariationalBoN.Benchmarks;

switch (args)
{
    case ["memory", .. string[] ways]:
        TrainingMemory.Run(ways);
        break;
    case ["loading", .. string[] settings]:
        LoadingTime.Run(settings);
        break;
    case ["generation", .. string[] settings]:
        GenerationRate.Run(settings);
        break;
    case ["lengths", .. string[] settings]:
        LengthsBenchmark.Run(settings);
        break;
    case ["guided", .. string[] settings]:
        GuidedRate.Run(settings);
        break;
    case ["runtime", .. string[] settings]:
        RuntimeSpeed.Run(settings);
        break;
    case ["peers", .. string[] settings]:
        Peers.Run(settings);
        break;
    case ["step", .. string[] settings]:
        StepRate.Run(settings);
        break;
    case ["cluster", .. string[] settings]:
        await ClusterRate.RunAsync(settings);
        break;
    case ["serving", .. string[] settings]:
        await ServingBenchmark.RunAsync(settings);
        break;
    case ["real-size", .. string[] settings]:
        await RealSize.RunAsync(settings);
        break;
    case ["store"]:
        await StoreCost.RunAsync();
        break;
    default:
        BenchmarkDotNet.Running.BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        break;
}
