using TorchSharp;
using VariationalBoN;
using VariationalBoN.Transformers;

namespace TrainReward;

/// <summary>The loop of the README, by the trained judge: AlignHuggingFace is the one for real models.</summary>
/// <param name="model">The language model that the judge began as.</param>
/// <param name="reward">The judge.</param>
/// <param name="pairs">Where the prompts come from.</param>
/// <param name="arguments">Sizes and seed.</param>
internal sealed class ShortAlignment(PretrainedCausalLm model, IRewardModel reward, PairData pairs, Arguments arguments)
{
    private const int PromptsPerStep = 16,
        CompletionsPerPrompt = 8,
        EvaluationCompletions = 32;
    private const double LearningRate = 1e-3;

    /// <summary>Says before the judge is trained that there will be prompts to align on.</summary>
    /// <exception cref="InvalidDataException">Each prompt to train on is one of those that measure.</exception>
    public static void RequirePrompts(PairData pairs, Arguments arguments)
    {
        if (arguments.Align > 0 && TrainOf(pairs, arguments).Length == 0)
            throw new InvalidDataException(
                $"{arguments.Pairs}: no prompt is left for the alignment of --align {arguments.Align}: each "
                    + $"prompt to train on is one of the --prompts {arguments.Prompts} that measure. Take fewer --prompts, pairs of more "
                    + $"prompts, "
                    + "or --align 0."
            );
    }

    private GenerationOptions Generation => new() { MaxNewTokens = arguments.MaxNewTokens, StopTokens = model.StopTokens };

    /// <summary>Prompts to measure on: the first of the held-out pairs.</summary>
    public Prompt[] HeldOut { get; } = HeldOutOf(pairs, arguments);

    /// <summary>Prompts to train on, none of them held out.</summary>
    private Prompt[] Train { get; } = TrainOf(pairs, arguments);

    private static Prompt[] HeldOutOf(PairData pairs, Arguments arguments) =>
        [.. pairs.HeldOut.Select(pair => pair.Prompt).Distinct().Take(arguments.Prompts)];

    private static Prompt[] TrainOf(PairData pairs, Arguments arguments) =>
        [.. pairs.Train.Select(pair => pair.Prompt).Distinct().Except(HeldOutOf(pairs, arguments)).Take(arguments.Prompts)];

    /// <summary>Draws reference answers of the model as it is, and scores them by the judge.</summary>
    public Task<ReferenceTable> EstimateAsync(CancellationToken cancellationToken)
    {
        foreach (var parameter in model.Model.parameters())
            parameter.requires_grad = false; // nothing trains yet
        var scorer = new Scorer(new CausalLmPolicy(model.Model, model.PromptTokenizer, Generation), reward);
        return ReferenceTable.EstimateAsync(
            scorer,
            arguments.Align > 0 ? [.. HeldOut, .. Train] : HeldOut,
            arguments.SamplesPerPrompt,
            arguments.Seed,
            cancellationToken
        );
    }

    /// <summary>Pulls the model to Best-of-N by the judge.</summary>
    /// <returns>Scored answers of the aligned model to the held-out prompts.</returns>
    public async Task<ScoredBatch> RunAsync(ReferenceTable table, TextWriter output, CancellationToken cancellationToken)
    {
        foreach (var parameter in model.Model.parameters())
            parameter.requires_grad = true;
        using var pair = model.WithReference(Generation);
        var scorer = new Scorer(pair.Reference, reward);
        var objective = new ExactObjective(table.BestOf(arguments.N));
        var order = new VariationalBoN.Training.PromptOrder(Train, arguments.Seed);
        using var adam = new AdamW(pair.Policy.Parameters, LearningRate, beta2: 0.95);
        for (int step = 0; step < arguments.Align; step++)
        {
            var drawn = pair.Policy.Sample(
                order.Batch(step, Math.Min(PromptsPerStep, Train.Length)),
                CompletionsPerPrompt,
                (arguments.Seed * 1_000_003) + step,
                cancellationToken
            );
            var scored = await scorer.ScoreAsync(drawn, cancellationToken);
            using var scope = torch.NewDisposeScope();
            var loss = ScoreFunction.Loss(pair.Policy.LogProb(scored), objective.LogTargets(scored), scored.Groups);
            adam.SetLearningRate(LearningRate * (1 - (0.9 * step / arguments.Align)));
            adam.ZeroGrad();
            loss.backward();
            torch.nn.utils.clip_grad_norm_(pair.Policy.Parameters, 1);
            adam.Step();
        }

        string saved = Path.Combine(arguments.Output, "aligned");
        pair.Save(saved);
        output.WriteLine($"{arguments.Align} steps of alignment: the model is in {saved}.");
        return await scorer.ScoreAsync(
            pair.Policy.Sample(HeldOut, EvaluationCompletions, new DrawSeed(arguments.Seed, DrawPurpose.Evaluation), cancellationToken),
            cancellationToken
        );
    }
}
