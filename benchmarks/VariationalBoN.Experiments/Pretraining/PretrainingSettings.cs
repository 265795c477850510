using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Experiments.Pretraining;

/// <summary>What a training of a language model from nothing depends on, beside its text.</summary>
internal sealed record PretrainingSettings
{
    public required Gpt2Config Model { get; init; }

    /// <summary>Passes over the text.</summary>
    public int Epochs { get; init; } = 8;

    public int SegmentsPerStep { get; init; } = 64;

    /// <summary>Segments that are sorted by length together.</summary>
    public int SegmentsPerBucket { get; init; } = 2048;

    /// <summary>Steps over which the learning rate rises.</summary>
    public int WarmUp { get; init; } = 100;

    public double PeakLearningRate { get; init; } = 2e-3;

    /// <summary>Of AdamW, on matrices alone.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Steps from one checkpoint to the next: what a kill costs at most.</summary>
    public int CheckpointEvery { get; init; } = 50;
}
