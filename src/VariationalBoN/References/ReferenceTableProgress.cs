using System.Globalization;

namespace VariationalBoN.References;

/// <summary>How far the estimation of a reference table is. Immutable, thread-safe.</summary>
public sealed record ReferenceTableProgress
{
    /// <summary>P, the number of different prompts.</summary>
    public required int Prompts { get; init; }

    /// <summary>How many of the prompts have all their samples.</summary>
    public required int PromptsDone { get; init; }

    /// <summary>P x M, the number of samples that are wanted.</summary>
    public required long Samples { get; init; }

    /// <summary>How many of the samples are drawn and scored, or excluded, and written where there is a store.</summary>
    public required long SamplesDone { get; init; }

    /// <summary>How many of the samples done were found in the store.</summary>
    public required long SamplesFound { get; init; }

    /// <summary>How many samples of this call were drawn and left out: failed rewards, truncated completions.</summary>
    public long Excluded { get; init; }

    /// <summary>The time since the start of this call.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>The share of samples done, 0 to 1.</summary>
    public double Share => Samples == 0 ? 1 : (double)SamplesDone / Samples;

    /// <summary>Samples a second in this call; 0 before the first batch.</summary>
    public double SamplesPerSecond =>
        SamplesDone > SamplesFound && Elapsed > TimeSpan.Zero ? (SamplesDone - SamplesFound) / Elapsed.TotalSeconds : 0;

    /// <summary>The time that the rest takes at this rate; null before the first batch.</summary>
    public TimeSpan? Remaining =>
        SamplesPerSecond is > 0 and var rate && (Samples - SamplesDone) / rate is var seconds && seconds < TimeSpan.MaxValue.TotalSeconds
            ? TimeSpan.FromSeconds(seconds)
            : null;

    /// <summary>The progress as text, such as "5,120 of 25,600 samples (1,024 found), 85.3 a second, 0:04:00 left".</summary>
    public override string ToString()
    {
        string found = SamplesFound > 0 ? string.Create(CultureInfo.InvariantCulture, $" ({SamplesFound:N0} found)") : "";
        string excluded = Excluded > 0 ? string.Create(CultureInfo.InvariantCulture, $", {Excluded:N0} excluded") : "";
        string rate = Remaining is TimeSpan left
            ? string.Create(
                CultureInfo.InvariantCulture,
                $", {SamplesPerSecond:0.#} a second, {Math.Floor(left.TotalHours):0}:{left.Minutes:00}:{left.Seconds:00} left"
            )
            : "";
        return string.Create(CultureInfo.InvariantCulture, $"{SamplesDone:N0} of {Samples:N0} samples{found}{excluded}{rate}");
    }
}
