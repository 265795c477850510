using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>Prompts that were read together, for as long as rows wait to begin with them. Owns its tensors.</summary>
internal sealed class ReadPrompts : IDisposable
{
    private readonly Dictionary<int, int> _places = []; // of prompts
    private readonly Tensor _probabilities; // [prompts, V] float32 on the CPU
    private readonly int _vocabularySize;

    internal ReadPrompts(
        StepDistribution distribution,
        IReadOnlyList<int> prompts,
        IReadOnlyList<IReadOnlyList<int>> promptTokens,
        int additionalTokens,
        int vocabularySize,
        IDecoding? beside
    )
    {
        _vocabularySize = vocabularySize;
        for (int place = 0; place < prompts.Count; place++)
            _places[prompts[place]] = place;
        using var scope = NewDisposeScope();
        Decoding = distribution.Start([.. prompts.Select(prompt => promptTokens[prompt])], additionalTokens, beside, out Tensor output);
        try
        {
            using (output)
                _probabilities = distribution.Probabilities(output).to(ScalarType.Float32).cpu().contiguous().DetachFromDisposeScope();
        }
        catch
        {
            Decoding.Dispose();
            throw;
        }
    }

    /// <summary>Its rows are the prompts.</summary>
    internal IDecoding Decoding { get; }

    /// <summary>The row of a prompt; null where it is none of these.</summary>
    internal int? Place(int prompt) => _places.TryGetValue(prompt, out int place) ? place : null;

    /// <summary>Of the first token after a prompt, up to a factor.</summary>
    internal ReadOnlySpan<float> Probabilities(int place) =>
        _probabilities.Elements<float>().Slice(place * _vocabularySize, _vocabularySize);

    public void Dispose()
    {
        Decoding.Dispose();
        _probabilities.Dispose();
    }
}
