using System.Diagnostics;
using VariationalBoN.Internal;

namespace VariationalBoN.Policies;

/// <summary>
/// One call of sampling as it is seen from outside: a span, and the completions and tokens that it drew. One thread at a time.
/// </summary>
/// <param name="prompts">P.</param>
/// <param name="completionsPerPrompt">K.</param>
/// <param name="seed">Of the draw.</param>
/// <param name="options">How completions are drawn.</param>
internal sealed class DrawSpan(int prompts, int completionsPerPrompt, DrawSeed seed, GenerationOptions options) : IDisposable
{
    private readonly Activity? _span = Instruments.Source.StartActivity("draw")?
        .SetTag("gen_ai.operation.name", "text_completion")
        .SetTag("gen_ai.request.choice.count", completionsPerPrompt)
        .SetTag("gen_ai.request.max_tokens", options.MaxNewTokens)
        .SetTag("gen_ai.request.temperature", options.Temperature)
        .SetTag("gen_ai.request.seed", seed.Value)
        .SetTag("variationalbon.prompts", prompts)
        .SetTag("variationalbon.purpose", seed.Purpose.ToString());

    private long _completions, _tokens;

    /// <summary>Takes in a completion that is whole.</summary>
    public void Count(Completion completion)
    {
        _completions++;
        _tokens += completion.Tokens.Length;
    }

    /// <summary>Notes a failure; false.</summary>
    public bool Fail(Exception error) => _span.Fail(error);

    /// <summary>Ends the span.</summary>
    public void Dispose()
    {
        Instruments.Completions.Add(_completions);
        Instruments.Tokens.Add(_tokens);
        _span?.SetTag("gen_ai.usage.output_tokens", _tokens).Dispose();
    }
}
