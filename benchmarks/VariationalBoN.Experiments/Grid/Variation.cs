using System.Globalization;
using System.Text.Json.Serialization;
using SentimentControl.Datasets;
using VariationalBoN.Guidance;

namespace VariationalBoN.Experiments.Grid;

/// <summary>What a run of the grid changes besides method, N and seed; all null for nothing.</summary>
internal sealed record Variation
{
    /// <summary>M of the training prompts, those of the value head included.</summary>
    public int? Samples { get; init; }

    /// <summary>The sampling temperature of reference and policy.</summary>
    public double? Temperature { get; init; }

    /// <summary>K, with as many prompts fewer or more, so that a step has as many completions.</summary>
    public int? Group { get; init; }

    /// <summary>Steps, as a multiple of the default.</summary>
    public double? StepsFactor { get; init; }

    /// <summary>Learning rate, as a multiple of the default.</summary>
    public double? RateFactor { get; init; }

    /// <summary>What is left of the learning rate at the end.</summary>
    public double? FinalRate { get; init; }

    /// <summary>lambda of the values along the answer; null for none.</summary>
    public double? Lambda { get; init; }

    /// <summary>The part of the mean batch with which the first step begins;
    /// the last ends so that as many completions are drawn in all.</summary>
    public double? FirstPart { get; init; }

    /// <summary>Completions of a step, as a multiple of the default, by more prompts.</summary>
    public double? BatchFactor { get; init; }

    /// <summary>The part of the steps that is likelihood of the guided policy's draws before vBoN.</summary>
    public double? GuidedStart { get; init; }

    /// <summary>The part of the steps that distils the guided policy, before vBoN; 1 for all.</summary>
    public double? Distilled { get; init; }

    /// <summary>Batches that a step of distillation goes through, the new one and those before it; null for the new one.</summary>
    public int? Kept { get; init; }

    /// <summary>How much the values themselves count in the loss of the head; null for the default.</summary>
    public double? ValueWeight { get; init; }

    /// <summary>Passes of the head over its samples; null for the default.</summary>
    public int? HeadEpochs { get; init; }

    /// <summary>Units of each hidden layer of the head; null for the default.</summary>
    public int? HeadWidth { get; init; }

    /// <summary>Hidden layers of the head's laws; null for the default.</summary>
    public int? HeadLayers { get; init; }

    /// <summary>lambda of the head's labels; null for the default.</summary>
    public double? HeadLambda { get; init; }

    /// <summary>Running sums of the head; null for the default.</summary>
    public int? HeadSums { get; init; }

    /// <summary>Running sums of the head that forget; null for the default.</summary>
    public int? HeadForgetting { get; init; }

    /// <summary>Stages of running sums of the head; null for the default.</summary>
    public int? HeadStages { get; init; }

    /// <summary>Layers of the reference that the head reads beside the last: "every" or "middle"; null for none.</summary>
    public string? HeadReads { get; init; }

    /// <summary>Whether the head reads the reward of each prefix.</summary>
    public bool? HeadReward { get; init; }

    /// <summary>Tokens that have values of their own in guided decoding; null for the default.</summary>
    public int? TopTokens { get; init; }

    /// <summary>Guided draws of which one is kept.</summary>
    public int? Draws { get; init; }

    /// <summary>Whether it is kept by its importance weight instead of its reward.</summary>
    public bool? Weighted { get; init; }

    /// <summary>b of the Jeffreys mix.</summary>
    public double? ReverseWeight { get; init; }

    /// <summary>The part of the steps that is BoN-SFT before vBoN.</summary>
    public double? WarmStart { get; init; }

    /// <summary>The baseline of the score function: "none", "group mean" or "running mean"; leave-one-out by default.</summary>
    public string? Baseline { get; init; }

    /// <summary>Whether BoN-SFT weighs all stored samples of a prompt instead of drawing some.</summary>
    public bool? AllSamples { get; init; }

    /// <summary>Whether the target of a regression is clipped from below;
    /// by default that of the known partition is, the centred one is not.</summary>
    public bool? Clipped { get; init; }

    /// <summary>Whether the anchor of iterated Best-of-2 is an exponential moving average of the policy,
    /// instead of moving in rounds.</summary>
    public bool? MovingAverage { get; init; }

    /// <summary>An increasing change of the reward: "sigmoid" or "exp".</summary>
    public string? Transform { get; init; }

    /// <summary>Whether the target is scaled as in the authors' published code: reward times 1 / n, KL times 1 / (n - 1).</summary>
    public bool? PaperScale { get; init; }

    /// <summary>Whether held-out numbers are taken along the way.</summary>
    public bool? Curve { get; init; }

    /// <summary>The part of it that makes another value head; what else differs does not.</summary>
    [JsonIgnore]
    public Variation OfHead =>
        new()
        {
            ValueWeight = ValueWeight,
            HeadEpochs = HeadEpochs,
            HeadWidth = HeadWidth,
            HeadSums = HeadSums,
            HeadLayers = HeadLayers,
            HeadLambda = HeadLambda,
            HeadForgetting = HeadForgetting,
            HeadStages = HeadStages,
            HeadReads = HeadReads,
            HeadReward = HeadReward,
            Samples = Samples,
        };

    /// <summary>It without those numbers of head and guided policy that are a dataset's own.</summary>
    /// <param name="own">The settings of the dataset.</param>
    public Variation Beyond(RunSettings own)
    {
        return this with
        {
            Samples = Unless(Samples, own.SamplesPerPrompt),
            ValueWeight = Unless(ValueWeight, own.Head.ValueWeight),
            HeadEpochs = Unless(HeadEpochs, own.Head.Epochs),
            HeadWidth = Unless(HeadWidth, own.Head.Width),
            HeadLayers = Unless(HeadLayers, own.Head.Layers),
            HeadLambda = Unless(HeadLambda, own.Head.Lambda),
            HeadSums = Unless(HeadSums, own.Head.Sums),
            HeadForgetting = Unless(HeadForgetting, own.Head.Forgetting),
            HeadStages = Unless(HeadStages, own.Head.Stages),
            TopTokens = Unless(TopTokens, own.Guidance.TopTokens),
        };

        static T? Unless<T>(T? value, T usual)
            where T : struct, IEquatable<T> => value is T set && set.Equals(usual) ? null : value;
    }

    /// <summary>How a guided policy of it treats the vocabulary.</summary>
    /// <param name="defaults">The defaults of the dataset.</param>
    public GuidanceOptions GuidanceOptions(GuidanceOptions defaults) => TopTokens is int top ? defaults with { TopTokens = top } : defaults;

    /// <summary>The variation in a few words, empty for none; part of the run's file name.</summary>
    public string Name
    {
        get
        {
            (string Label, object? Value)[] parts =
            [
                ("M", Samples),
                ("T", Temperature),
                ("K", Group),
                ("steps x", StepsFactor),
                ("rate x", RateFactor),
                ("final rate", FinalRate),
                ("lambda", Lambda),
                ("first part", FirstPart),
                ("batch x", BatchFactor),
                ("guided start", GuidedStart),
                ("distilled", Distilled),
                ("kept", Kept),
                ("value weight", ValueWeight),
                ("head epochs", HeadEpochs),
                ("head width", HeadWidth),
                ("head sums", HeadSums),
                ("head layers", HeadLayers),
                ("head lambda", HeadLambda),
                ("head forgetting", HeadForgetting),
                ("head stages", HeadStages),
                ("head reads layer", HeadReads),
                ("head reward", HeadReward is true ? "" : null),
                ("top tokens", TopTokens),
                ("draws", Draws),
                ("b", ReverseWeight),
                ("warm start", WarmStart),
                ("baseline", Baseline),
                ("reward", Transform),
                ("all samples", AllSamples is true ? "" : null),
                (Weighted is true ? "by weight" : "the best", Weighted is null ? null : ""),
                (Clipped is true ? "clipped" : "not clipped", Clipped is null ? null : ""),
                ("moving average", MovingAverage is true ? "" : null),
                ("paper scale", PaperScale is true ? "" : null),
                ("curve", Curve is true ? "" : null),
            ];
            return string.Join(
                ", ",
                parts
                    .Where(part => part.Value is not null)
                    .Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Label} {part.Value}").TrimEnd())
            );
        }
    }
}
