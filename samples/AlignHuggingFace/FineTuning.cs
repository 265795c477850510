using System.Security.Cryptography;
using System.Text;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Training;
using Parameter = TorchSharp.Modules.Parameter;

namespace AlignHuggingFace;

/// <summary>Pulls the policy to the Best-of-N of its start, step by step. Stateless.</summary>
internal static class FineTuning
{
    /// <summary>All steps: draw, score, take the gradient part by part, step. Goes on from the last checkpoint; cancelled, it leaves one.</summary>
    public static async Task RunAsync(LanguageModel model, Scorer scorer, IBoNDistribution bestOfN, IReadOnlyList<Prompt> prompts, Arguments arguments, TextWriter output, CancellationToken cancellationToken)
    {
        Parameter[] trained = [.. model.Trained];
        using var adam = new AdamW(trained, arguments.LearningRate, beta2: 0.95, weightDecay: arguments.WeightDecay);
        using var targets = Targets.Of(new ExactObjective(bestOfN), arguments.Targets, model.Network.Device);
        using var metrics = new MetricsLog(Path.Combine(arguments.Output, "metrics.jsonl"));
        var guard = new TrainingGuard(arguments.N, arguments.SamplesPerPrompt);
        using var checkpoints = new Checkpoints(Path.Combine(arguments.Output, "checkpoints"), Settings(scorer, prompts, targets, arguments)).Add("optimizer", adam).Add("metrics", metrics).Add("guard", guard);
        model.AddTo(checkpoints);
        var order = new PromptOrder(prompts, arguments.Seed);
        var schedule = new LearningRateSchedule { Peak = arguments.LearningRate, Steps = arguments.Steps, Shape = arguments.Schedule, FinalPart = 0.1 };

        output.WriteLine(targets.Description);
        long step = checkpoints.Restore();
        if (step > 0)
            output.WriteLine($"training goes on after step {step} of {arguments.Steps}");
        try
        {
            for (; step < arguments.Steps; step++)
            {
                double learningRate = schedule.At(step);
                adam.SetLearningRate(learningRate);
                var drawn = model.Policy.Sample(order.Batch(step, Math.Min(prompts.Count, arguments.PromptsPerStep)), arguments.CompletionsPerPrompt, (arguments.Seed * 1_000_003) + step, cancellationToken);
                var scored = await scorer.ScoreAsync(drawn, cancellationToken);
                var numbers = Backward(model, bestOfN, targets, scored, arguments.RowsPerPass) with
                {
                    GradientNorm = torch.nn.utils.clip_grad_norm_(trained, arguments.Clip > 0 ? arguments.Clip : double.MaxValue),
                    LearningRate = learningRate,
                    Update = adam.LastUpdate,
                };
                foreach (var alarm in guard.Observe(step, numbers))                                // one that is fatal ends the loop
                    output.WriteLine(alarm);
                adam.Step();
                if (step % 4 == 3)
                    GC.Collect();                                                                  // without it memory was seen to grow with full training: docs/hugging-face.md, Memory
                metrics.Write(step, numbers.Values());
                if ((step + 1) % arguments.CheckpointEvery == 0 || step + 1 == arguments.Steps)
                    checkpoints.Save(step + 1, numbers.Values());
                if ((step + 1) % Math.Max(1, arguments.Steps / 10) == 0 || step + 1 == arguments.Steps)
                    output.WriteLine(FormattableString.Invariant($"step {step + 1} of {arguments.Steps}: reward {numbers.Reward.Value:0.000}, KL {numbers.Kl.K1.Value:0.00} nats"));
            }
        }
        catch (OperationCanceledException)
        {
            checkpoints.Save(step);                                                                // only drawing and scoring can be cancelled, so the weights are those after so many steps
            throw;
        }
    }

    /// <summary>The gradient of a step, accumulated over parts so that memory does not grow with the number of completions.</summary>
    public static StepMetrics Backward(LanguageModel model, IBoNDistribution bestOfN, Targets targets, ScoredBatch scored, int rowsPerPass)
    {
        model.Network.zero_grad();
        var done = GradientAccumulation.Backward(model.Policy, scored, rowsPerPass, ScoreFunction.Average,
            (logProb, part) => targets.Loss(logProb, part.Scored));                                // meets log pi_bon, baseline per prompt
        return StepMetrics.Of(bestOfN, scored, done.LogProb);
    }

    /// <summary>All that the weights depend on: a run goes on with the same alone.</summary>
    private static object Settings(Scorer scorer, IReadOnlyList<Prompt> prompts, Targets targets, Arguments arguments) => new
    {
        reference = scorer.Origin.Reference.ToString(),
        rewardModel = scorer.Origin.RewardModel.ToString(),
        prompts = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', prompts))))[..16],
        arguments.N,
        arguments.SamplesPerPrompt,
        arguments.Steps,
        arguments.PromptsPerStep,
        arguments.CompletionsPerPrompt,
        arguments.RowsPerPass,
        arguments.LearningRate,
        Schedule = arguments.Schedule.ToString(),
        arguments.WeightDecay,
        arguments.Clip,
        arguments.Lora,
        Targets = targets.Name,
        arguments.Seed,
    };
}
