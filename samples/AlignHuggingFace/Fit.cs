using TorchSharp;
using TorchSharp.Modules;
using VariationalBoN;
using VariationalBoN.BestOfN;
using VariationalBoN.Gradients;
using VariationalBoN.Objectives;
using VariationalBoN.Policies;
using VariationalBoN.Training;

namespace AlignHuggingFace;

/// <summary>Pulls the policy to the Best-of-N of its start, step by step. Stateless.</summary>
internal static class Fit
{
    private const double MaximumGradientNorm = 1;
    private static readonly ExactObjective Objective = new();

    /// <summary>All steps: draw, score, take the gradient part by part, step.</summary>
    public static async Task RunAsync(LanguageModel model, Scorer scorer, IBoNDistribution bestOfN, IReadOnlyList<string> prompts, Arguments arguments, IProgress<int> progress, CancellationToken cancellationToken)
    {
        Parameter[] trained = [.. model.Trained];
        using var adam = torch.optim.AdamW(trained, arguments.LearningRate, beta2: 0.95, weight_decay: 0);
        var order = new PromptOrder(prompts, arguments.Seed);
        for (int step = 0; step < arguments.Steps; step++)
        {
            foreach (var group in adam.ParamGroups)
                group.LearningRate = arguments.LearningRate * (1 - (0.9 * step / arguments.Steps));
            var drawn = model.Policy.Sample(order.Batch(step, Math.Min(prompts.Count, arguments.PromptsPerStep)), arguments.CompletionsPerPrompt, (arguments.Seed * 1_000_003) + step, cancellationToken);
            var scored = await scorer.ScoreAsync(drawn, cancellationToken);
            Backward(model, bestOfN, scored, arguments.RowsPerPass);
            torch.nn.utils.clip_grad_norm_(trained, MaximumGradientNorm);
            adam.step();
            progress.Report(step + 1);
        }
    }

    /// <summary>The gradient of a step, accumulated over parts so that memory does not grow with the number of completions.</summary>
    public static void Backward(LanguageModel model, IBoNDistribution bestOfN, ScoredBatch scored, int rowsPerPass)
    {
        model.Network.zero_grad();
        foreach (var part in scored.SplitByGroup(rowsPerPass))
        {
            using var scope = torch.NewDisposeScope();                                             // tensors live below this line only
            var targets = Objective.LogTargets(bestOfN, part);                                     // log pi_bon
            var loss = ScoreFunction.Loss(model.Policy.LogProb(part), targets, part.Groups);       // baseline per prompt
            using Scalar share = (double)part.Count / scored.Count;
            loss.mul(share).backward();
        }
    }
}
