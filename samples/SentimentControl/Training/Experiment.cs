using SentimentControl.Datasets;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Guidance;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;

namespace SentimentControl.Training;

/// <summary>What all methods of one run share: the reference, the judge, the stored reference rewards and the prompts.</summary>
/// <remarks>Safe to share between threads: nothing in it is changed after it is made.</remarks>
internal sealed record Experiment
{
    public required RunSettings Settings { get; init; }

    public required long Seed { get; init; }

    public required torch.Device Device { get; init; }

    public required ITokenizer Tokenizer { get; init; }

    public required GenerationOptions Generation { get; init; }

    /// <summary>The frozen network that every method starts from.</summary>
    public required Gpt2 ReferenceModel { get; init; }

    public required CausalLmPolicy Reference { get; init; }

    public required IRewardModel Reward { get; init; }

    /// <summary>M reference samples with rewards for each training and held-out prompt.</summary>
    public required ReferenceTable Table { get; init; }

    public required IReadOnlyList<Prompt> TrainPrompts { get; init; }

    public required IReadOnlyList<Prompt> HeldOutPrompts { get; init; }

    /// <summary>The reference, guided token by token.</summary>
    /// <remarks>Each call compares all weights of the reference with those that the values are about: callers keep what they get.</remarks>
    public GuidedPolicy Guided(IPrefixValue value, RankWeight weight) => new(Reference, value, weight, Settings.Guidance);

    /// <summary>The policy of a network, with the sampling settings that all policies of the run share.</summary>
    public CausalLmPolicy Policy(Gpt2 model) => new(model, Tokenizer, Generation);
}
