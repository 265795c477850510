using System.Diagnostics;
using VariationalBoN.Internal;

namespace VariationalBoN.Policies;

/// <summary>
/// One call of sampling, or one request of a shared decode, as it is seen from outside:
/// a span, and the completions and tokens that it drew. One thread at a time.
/// </summary>
/// <param name="prompts">P.</param>
/// <param name="completionsPerPrompt">K.</param>
/// <param name="seed">Of the draw.</param>
/// <param name="options">How completions are drawn.</param>
/// <param name="parent">The span that it stands under, where several are under way on one thread: it is the current one of none. Null for
/// a span of the caller's own flow of control.</param>
internal sealed class DrawSpan(
    int prompts,
    int completionsPerPrompt,
    DrawSeed seed,
    GenerationOptions options,
    ActivityContext? parent = null
) : IDisposable
{
    private readonly Activity? _span = Start(parent)
        ?.SetTag("gen_ai.operation.name", "text_completion")
        .SetTag("gen_ai.request.choice.count", completionsPerPrompt)
        .SetTag("gen_ai.request.max_tokens", options.MaxNewTokens)
        .SetTag("gen_ai.request.temperature", options.Temperature)
        .SetTag("gen_ai.request.seed", seed.Value)
        .SetTag("variationalbon.prompts", prompts)
        .SetTag("variationalbon.purpose", seed.Purpose.ToString());

    private long _completions,
        _tokens;

    /// <summary>Takes in a completion that is whole.</summary>
    public void Count(Completion completion) => Count(completion.Tokens.Length);

    /// <summary>Takes in a completion of so many tokens.</summary>
    public void Count(int tokens)
    {
        _completions++;
        _tokens += tokens;
    }

    /// <summary>Notes a failure; false.</summary>
    public bool Fail(Exception error) => _span.Fail(error);

    /// <summary>Ends the span.</summary>
    public void Dispose()
    {
        Activity? before = Activity.Current;
        if (parent is not null)
            Activity.Current = _span; // what is measured belongs to it
        Instruments.Completions.Add(_completions);
        Instruments.Tokens.Add(_tokens);
        _span?.SetTag("gen_ai.usage.output_tokens", _tokens).Dispose();
        if (parent is not null)
            Activity.Current = before;
    }

    private static Activity? Start(ActivityContext? parent)
    {
        if (parent is not ActivityContext above)
            return Instruments.Source.StartActivity("draw");
        Activity? before = Activity.Current;
        Activity.Current = null; // it is the parent of nothing here, and a parent that is not given is none
        Activity? span = Instruments.Source.StartActivity("draw", ActivityKind.Internal, above);
        Activity.Current = before;
        return span;
    }
}
