using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.CrashHost;

/// <summary>Steps of the optimizers, an anchor that moves, and checkpoints that are written and read back.</summary>
internal static class StressTraining
{
    private const int Steps = 3;
    private static readonly Gpt2Config s_config = new()
    {
        VocabularySize = 11,
        MaxLength = 12,
        Width = 8,
        Layers = 1,
        Heads = 2,
    };

    public static IEnumerable<StressCall> Calls(string scratch)
    {
        yield return new StressCall("Adam", AdamSteps);
        yield return new StressCall("AdamW", AdamWSteps);
        yield return new StressCall("moving anchor", Moved);
        yield return new StressCall("checkpoint", () => Resumed(Path.Combine(scratch, "run")));
    }

    private static double[] AdamSteps()
    {
        using var model = Tiny();
        using var adam = new Adam(model.parameters(), learningRate: 0.01, beta2: 0.95, weightDecay: 0.1);
        return Trained(model, adam.ZeroGrad, adam.Step);
    }

    private static double[] AdamWSteps()
    {
        using var model = Tiny();
        using var adam = new AdamW(model.parameters(), learningRate: 0.01, weightDecay: 0.1);
        double[] sums = Trained(model, adam.ZeroGrad, adam.Step);
        return [.. sums, adam.LastUpdate!.Ratio, adam.LastUpdate.ChangedShare];
    }

    private static double[] Trained(Gpt2 model, Action zeroGrad, Action step)
    {
        for (int i = 0; i < Steps; i++)
        {
            using var scope = torch.NewDisposeScope();
            zeroGrad();
            model.forward(torch.tensor(new long[] { 1, 2, 3, 4 }, [1, 4])).sum().backward();
            step();
        }

        return Sums(model);
    }

    private static double[] Moved()
    {
        using var anchor = Tiny();
        using var model = new Gpt2(s_config, seed: 4);
        anchor.MoveTowards(model, 0.1);
        return Sums(anchor);
    }

    private static double[] Resumed(string folder)
    {
        Save(folder);
        using var model = new Gpt2(s_config, seed: 4);
        using var adam = new AdamW(model.parameters(), learningRate: 0.01);
        using var noise = new torch.Generator(6);
        using (var checkpoints = new Checkpoints(folder).Add("model", model).Add("optimizer", adam).Add("noise", noise))
            checkpoints.Restore();
        Directory.Delete(folder, recursive: true);
        using var drawn = torch.rand(1, dtype: torch.float64, generator: noise);
        return [.. Trained(model, adam.ZeroGrad, adam.Step), drawn.item<double>()];
    }

    private static void Save(string folder)
    {
        using var model = Tiny();
        using var adam = new AdamW(model.parameters(), learningRate: 0.01);
        using var noise = new torch.Generator(5);
        Trained(model, adam.ZeroGrad, adam.Step);
        using var checkpoints = new Checkpoints(folder).Add("model", model).Add("optimizer", adam).Add("noise", noise);
        checkpoints.Save(1);
    }

    private static Gpt2 Tiny() => new(s_config, seed: 3);

    private static double[] Sums(torch.nn.Module model)
    {
        using var scope = torch.NewDisposeScope();
        return [.. model.state_dict().Values.Select(value => value.to(torch.float64).sum().item<double>())];
    }
}
