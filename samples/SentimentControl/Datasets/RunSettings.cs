using System.Globalization;
using System.Text.Json.Serialization;
using VariationalBoN.Guidance;
using VariationalBoN.Training;

namespace SentimentControl.Datasets;

/// <summary>The sizes of a run; each dataset has its defaults.</summary>
internal sealed record RunSettings
{
    /// <summary>Steps of training the reference model, where the dataset trains it.</summary>
    public required int ReferenceSteps { get; init; }

    /// <summary>M, cached reference rewards per prompt.</summary>
    public required int SamplesPerPrompt { get; init; }

    /// <summary>Steps of each method's fine-tuning.</summary>
    public required int Steps { get; init; }

    /// <summary>Prompts of one step.</summary>
    public int PromptsPerStep { get; init; } = 32;

    /// <summary>Prompts of the first step, from which they grow along the run to <see cref="PromptsPerStep"/>; null for as many.</summary>
    public int? FirstPrompts { get; init; }

    /// <summary>K, completions per prompt of one step.</summary>
    public int CompletionsPerPrompt { get; init; } = 4;

    /// <summary>Adam's learning rate after the warm-up.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Steps over which the learning rate rises.</summary>
    public int WarmUpSteps { get; init; } = 10;

    /// <summary>What is left of the learning rate at the last step, as a part of its peak.</summary>
    public double FinalRatePart { get; init; } = 0.1;

    /// <summary>Steps of vBoN with values, as a multiple of those of the other methods.</summary>
    public double ValuedSteps { get; init; } = 1;

    /// <summary>How the value head learns; the seed is that of the run.</summary>
    public ValueHeadOptions Head { get; init; } = new();

    /// <summary>How guided decoding treats the vocabulary.</summary>
    public GuidanceOptions Guidance { get; init; } = new();

    /// <summary>What the methods ran with, for the report.</summary>
    [JsonIgnore]
    public string About
    {
        get
        {
            RunSettings valued = Valued();
            BatchSchedule plain = Batches(TrainPrompts),
                growing = valued.Batches(TrainPrompts); // no batch is larger than the training prompts
            return string.Create(
                CultureInfo.InvariantCulture,
                $"Every method: {Steps} steps of {plain.Last} prompts x {CompletionsPerPrompt} completions, the rate falling to "
                    + $"{FinalRatePart:0.##} of its peak; vBoN with values: {valued.Steps} steps of {growing.First} to {growing.Last} "
                    + $"prompts, the first {100 * DistilledPart:0} % distillation of the guided policy, then lambda = {Lambda}, the rate "
                    + $"{ValuedRate} times as high and falling to {ValuedFinalRatePart:0.##}. Guided, and the values: one head for every N, "
                    + $"from the {SamplesPerPrompt} stored samples of each of {TrainPrompts} prompts{OwnPasses}.{OwnTopTokens}"
            );
        }
    }

    /// <summary>lambda of the values along the answer.</summary>
    public const double Lambda = 0.8;

    /// <summary>The part of the steps with values that distils the guided policy, before the others.</summary>
    public const double DistilledPart = 0.33;

    /// <summary>The learning rate with values, as a multiple of that of the other methods: their gradients have little noise.</summary>
    public const double ValuedRate = 1.5;

    /// <summary>What is left of that rate at the last step.</summary>
    public const double ValuedFinalRatePart = 0;

    /// <summary>The first batch with values, as a part of the mean batch; the last is as much above the mean.</summary>
    public const double ValuedFirstPart = 0.25;

    /// <summary>The settings of vBoN with values: batches that grow, a higher rate that falls further.</summary>
    public RunSettings Valued()
    {
        int first = Math.Max(1, (int)(PromptsPerStep * ValuedFirstPart));
        return this with
        {
            Steps = (int)Math.Round(Steps * ValuedSteps),
            FirstPrompts = first,
            PromptsPerStep = (2 * PromptsPerStep) - first,
            LearningRate = LearningRate * ValuedRate,
            FinalRatePart = ValuedFinalRatePart,
        };
    }

    private string OwnPasses => Head.Epochs == new ValueHeadOptions().Epochs ? "" : $", learned in {Head.Epochs} passes";

    private string OwnTopTokens =>
        Guidance.TopTokens == new GuidanceOptions().TopTokens
            ? ""
            : $" Guided decoding gives the {Guidance.TopTokens} most probable tokens values of their own.";

    /// <summary>The learning rate of each step: a linear rise over the warm-up, then a linear fall to a part of the peak.</summary>
    public LearningRateSchedule Schedule() =>
        new()
        {
            Peak = LearningRate,
            Steps = Steps,
            WarmUpSteps = WarmUpSteps,
            FinalPart = FinalRatePart,
        };

    /// <summary>The prompts of each step.</summary>
    /// <param name="available">How many training prompts there are.</param>
    public BatchSchedule Batches(int available) =>
        new()
        {
            First = Math.Min(FirstPrompts ?? PromptsPerStep, available),
            Last = Math.Min(PromptsPerStep, available),
            Steps = Steps,
        };

    /// <summary>The largest norm of a gradient; longer ones are scaled down.</summary>
    public double MaximumGradientNorm { get; init; } = 1;

    /// <summary>Training prompts that are used, from the first.</summary>
    public required int TrainPrompts { get; init; }

    /// <summary>Held-out prompts that are used, from the first.</summary>
    public required int HeldOutPrompts { get; init; }

    /// <summary>Completions per held-out prompt that the numbers are measured on.</summary>
    public required int EvaluationCompletions { get; init; }
}
