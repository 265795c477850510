using System.Globalization;

namespace AlignHuggingFace;

/// <summary>What a run will take. Checkpoints and loading are not in it.</summary>
/// <param name="Costs">What it rests on.</param>
/// <param name="Work">What is still to be done.</param>
internal sealed record RunEstimate(Costs Costs, Work Work)
{
    private const double Gibibyte = 1024.0 * 1024 * 1024;
    private const int ForwardsOfEvaluation = 3; // log pi_theta, and both policies for the KL token by token

    /// <summary>Seconds for the reference samples.</summary>
    public double ReferenceSeconds => Work.ReferenceSamples * Costs.ReferenceSample;

    /// <summary>Seconds for the training steps.</summary>
    public double TrainingSeconds => Work.Steps * Costs.Step;

    /// <summary>Seconds for the held-out numbers of reference and policy; each further judge draws anew.</summary>
    public double EvaluationSeconds =>
        2 * Work.HeldOutCompletions * ((Work.Judges * Costs.ReferenceSample) + (ForwardsOfEvaluation * Costs.Forward));

    /// <summary>Seconds in all.</summary>
    public double Seconds => ReferenceSeconds + TrainingSeconds + EvaluationSeconds;

    /// <summary>The most memory of the process: what the longest step took, or,
    /// when the model is saved, another copy of the weights.</summary>
    public long PeakBytes => Math.Max(Costs.PeakBytes, Costs.HeldBytes + Costs.WeightBytes);

    /// <summary>The estimates in a few lines.</summary>
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"""
            generation         {Costs.TokensPerSecond:0} tokens a second
            scoring            {Costs.ScoredTokensPerSecond:0} tokens a second
            reference rewards  {Time(ReferenceSeconds)} ({Work.ReferenceSamples} samples), once
            training           {Time(TrainingSeconds)} ({Work.Steps} steps of {Costs.Step:0.00} s)
            held-out numbers   {Time(EvaluationSeconds)}
            in all             {Time(Seconds)}, if the machine stays as busy as it is now
            memory             about {PeakBytes / Gibibyte:0.0} GiB at its peak, without that of a GPU
            """
        );

    private static string Time(double seconds)
    {
        (double number, string format, string unit) =
            seconds < 90 ? (Math.Ceiling(seconds), "0", "s")
            : seconds < 5400 ? (seconds / 60, "0", "min")
            : (seconds / 3600, "0.0", "h");
        return $"about {number.ToString(format, CultureInfo.InvariantCulture)} {unit}";
    }
}
