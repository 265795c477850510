namespace TrainReward;

/// <summary>What the user asked for, defaults filled in.</summary>
internal sealed record Arguments
{
    /// <summary>The directory of the language model that the judge begins as; null for the embedded set.</summary>
    public string? Model { get; init; }

    /// <summary>The file of preference pairs; null for the embedded set.</summary>
    public string? Pairs { get; init; }

    /// <summary>The file of pairs that measure; null to hold out some of <see cref="Pairs"/>.</summary>
    public string? HeldOutPairs { get; init; }

    /// <summary>The share of prompts that are held out of <see cref="Pairs"/>.</summary>
    public required double HeldOutShare { get; init; }

    /// <summary>Whether faulty pairs are left out; otherwise they end the run.</summary>
    public bool SkipFaulty { get; init; }

    /// <summary>f, the share of labels of the embedded set that are wrong.</summary>
    public required double Flipped { get; init; }

    public required int Steps { get; init; }

    public required int PairsPerStep { get; init; }

    /// <summary>Pairs whose gradient is taken at a time: what bounds memory.</summary>
    public required int PairsPerPass { get; init; }

    public required double LearningRate { get; init; }

    /// <summary>The weight of (r_c + r_r)^2.</summary>
    public required double Centring { get; init; }

    public required bool Lora { get; init; }

    /// <summary>Steps from one checkpoint to the next.</summary>
    public required int CheckpointEvery { get; init; }

    /// <summary>N, the draws that one sample is to be worth.</summary>
    public required double N { get; init; }

    /// <summary>Prompts that answers are drawn for, of each side.</summary>
    public required int Prompts { get; init; }

    /// <summary>M, the reference samples of each prompt.</summary>
    public required int SamplesPerPrompt { get; init; }

    public required int MaxNewTokens { get; init; }

    /// <summary>Steps of alignment by the judge; 0 for none.</summary>
    public required int Align { get; init; }

    public required long Seed { get; init; }

    public required string Output { get; init; }

    public required int Threads { get; init; }

    public required bool Quick { get; init; }

    /// <summary>Whether libtorch is left as it is by itself.</summary>
    public bool PlainRuntime { get; init; }
}
