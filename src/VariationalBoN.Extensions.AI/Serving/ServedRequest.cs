using System.Diagnostics;
using System.Threading.Channels;
using VariationalBoN.Policies;

namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>A request between its asker and the thread that draws. Thread-safe.</summary>
/// <param name="queue">Where it is counted.</param>
/// <param name="request">What is asked.</param>
/// <param name="policy">What is drawn from where requests share a decode; null elsewhere.</param>
/// <param name="prompt">The prompt as the policy reads it; null where the policy does not tell.</param>
internal sealed class ServedRequest(RequestQueue queue, CompletionRequest request, CausalLmPolicy? policy, EncodedPrompt? prompt)
{
    private readonly Channel<Drawn> _drawn = Channel.CreateUnbounded<Drawn>(new UnboundedChannelOptions { SingleReader = true });
    private volatile bool _isGone;
    private Action? _whenGone;

    public CompletionRequest Request => request;

    public CausalLmPolicy? Policy => policy;

    public EncodedPrompt? Prompt => prompt;

    /// <summary>Seed and number of the sample. A loop may set it before it hands on the first thing.</summary>
    public DrawSeed Seed { get; set; } = new(request.Seed ?? Random.Shared.NextInt64(), DrawPurpose.Serving, request.Sample);

    /// <summary>The span of its asker.</summary>
    public ActivityContext Parent { get; } = Activity.Current?.Context ?? default;

    /// <summary>Whether its asker has all that it wants, a stop sequence before the end of the draw included.</summary>
    public bool HasAll { get; private set; }

    /// <summary>Whether nothing more is wanted of it: it has ended, or its asker went away.</summary>
    public bool IsGone => _isGone;

    /// <summary>What was drawn, as it comes; ends with the error that ended the request.</summary>
    public ChannelReader<Drawn> Reader => _drawn.Reader;

    /// <summary>Sets what is called, at least once, when nothing more is wanted.</summary>
    public void WhenGone(Action action)
    {
        Interlocked.Exchange(ref _whenGone, action);
        if (_isGone)
            action();
    }

    public void Write(Drawn drawn)
    {
        queue.CountTokens(drawn.Whole?.Tokens.Length ?? 1);
        _drawn.Writer.TryWrite(drawn);
        if (drawn.Finish is not null)
            End(Outcome.Finished, null);
    }

    public void Fail(Exception why) => End(Outcome.Failed, why);

    /// <summary>The asker wants no more: it went away, or has found a stop sequence.</summary>
    public void Leave(bool hasAll) => End(hasAll ? Outcome.Finished : Outcome.Cancelled, null);

    private void End(Outcome outcome, Exception? why)
    {
        if (!queue.Remove(this, outcome))
            return;
        _drawn.Writer.TryComplete(why);
        HasAll = outcome == Outcome.Finished;
        _isGone = true;
        Interlocked.MemoryBarrier(); // whoever sets what is called now sees that it is gone, or it is called here
        Volatile.Read(ref _whenGone)?.Invoke();
    }
}
