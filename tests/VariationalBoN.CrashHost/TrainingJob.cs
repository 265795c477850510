using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.Training;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Weights;

namespace VariationalBoN.CrashHost;

/// <summary>
/// A small training run that goes on from its checkpoints. Writes <c>final.safetensors</c> into its folder when it is through.
/// </summary>
internal static class TrainingJob
{
    private static readonly Prompt[] s_prompts = ["1", "2", "3", "4", "5"];

    public static async Task<int> RunAsync(string folder, int steps)
    {
        torch.set_num_threads(1);
        Directory.CreateDirectory(folder);
        var config = new Gpt2Config
        {
            VocabularySize = 11,
            MaxLength = 12,
            Width = 16,
            Layers = 1,
            Heads = 2,
            Activation = "relu",
        };
        using var model = new Gpt2(config, seed: 3);
        using var frozen = new Gpt2(config, seed: 3);
        model.eval();
        frozen.Freeze();
        var options = new GenerationOptions { MaxNewTokens = 6, StopTokens = [0] };
        var policy = new CausalLmPolicy(model, new NumberTokenizer(11), options);
        var reference = new CausalLmPolicy(frozen, new NumberTokenizer(11), options);
        var reward = RewardModel.FromFunction(completion => completion.Tokens.Sum() + (0.01 * completion.Tokens.Length), "sum and length");
        var scorer = new Scorer(reference, reward);
        var table = await ReferenceTable.EstimateAsync(scorer, s_prompts, samplesPerPrompt: 32, seed: 1);
        var bestOfN = table.BestOf(4);
        var objective = new ExactObjective(bestOfN);
        var order = new PromptOrder(s_prompts, seed: 7);
        using var adam = new AdamW(model.parameters(), learningRate: 0.01, weightDecay: 0.01);
        using var noise = new torch.Generator(5);
        // snippet: resumable
        using var metrics = new MetricsLog(Path.Combine(folder, "metrics.jsonl"));
        var guard = new TrainingGuard(bestOfN.N, samplesPerPrompt: 32);
        using var checkpoints = new Checkpoints(
            Path.Combine(folder, "checkpoints"),
            new { steps },
            new CheckpointOptions { KeepLast = 2, BestBy = MetricNames.Reward }
        )
            .Add("model", model)
            .Add("optimizer", adam)
            .Add("noise", noise)
            .Add("metrics", metrics)
            .Add("guard", guard);

        for (long step = checkpoints.Restore(); step < steps; step++)
        {
            var scored = await scorer.ScoreAsync(policy.Sample([.. order.Batch(step, 3)], completionsPerPrompt: 4, seed: step));
            using var scope = torch.NewDisposeScope();
            var logProb = policy.LogProb(scored);
            using Scalar tiny = 1e-3,
                one = 1; // held while libtorch reads them
            // something that only a stored generator can repeat
            var jitter = torch.rand(1, dtype: logProb.dtype, generator: noise).mul(tiny);
            var loss = ScoreFunction.Loss(logProb, objective.LogTargets(scored), scored.Groups).add(jitter * logProb.mean(), one);
            adam.ZeroGrad();
            loss.backward();
            var numbers = StepMetrics.Of(bestOfN, scored, logProb) with { Loss = loss.item<double>(), Update = adam.LastUpdate };
            guard.Observe(step, numbers);
            adam.Step();
            metrics.Write(step, numbers.Values());
            if ((step + 1) % 3 == 0)
                checkpoints.Save(step + 1, numbers.Values());
            Console.WriteLine(step); // how far it is
        }
        // end snippet

        Safetensors.Save(Path.Combine(folder, "final.safetensors"), model);
        return 0;
    }
}
