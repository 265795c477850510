using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using VariationalBoN.Policies;

namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>
/// Serves a policy to many callers at once. Requests of a <see cref="CausalLmPolicy"/> share one decode, which they join and leave at any
/// step (<see cref="LiveDecoding"/>); with any other policy waiting requests are drawn together, one call at a time.
/// </summary>
/// <remarks>
/// One thread of its own draws; prompts are read and texts decoded on the threads of the callers. A request gets one sample of the
/// policy. Weights must not change while it runs. Thread-safe. Dispose of it before the model: it waits for the pass of the model
/// that is under way, and requests that are left end with <see cref="ObjectDisposedException"/>. The policy stays the caller's.
/// </remarks>
public sealed class CompletionService : IDisposable, IAsyncDisposable
{
    private readonly RequestQueue _queue;
    private readonly RequestReader _reader;
    private readonly IDrawingLoop _loop;
    private readonly ILogger? _logger;
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Starts a service.</summary>
    /// <param name="policy">What is drawn from.</param>
    /// <param name="options">How many requests it takes; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public CompletionService(IPolicy policy, CompletionServiceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(policy);
        options ??= new CompletionServiceOptions();
        options.Validate();
        Policy = policy;
        var causal = policy as CausalLmPolicy;
        _loop = causal is not null ? new LiveLoop(causal) : new BatchLoop(policy, options.MaxBatchSize);
        _queue = new RequestQueue(options.MaxWaiting, _loop.Capacity);
        _reader = new RequestReader(policy, _queue);
        _logger = options.Logger ?? causal?.Options.Logger;
        if (causal is { ContextLength: null })
            _logger?.UnknownContextLength(causal);
        _thread = new Thread(Run) { IsBackground = true, Name = nameof(CompletionService) };
        _thread.Start();
    }

    /// <summary>What is drawn from.</summary>
    public IPolicy Policy { get; }

    /// <summary>Counts of the requests that wait, run and have ended, and of the tokens drawn.</summary>
    public CompletionServiceStatistics Statistics => _queue.Statistics;

    /// <summary>The error that ended the service, so that it takes no more requests; null where there was none.</summary>
    public Exception? Fault => _queue.Fault;

    /// <summary>Whether the service takes no more requests: it is being
    /// stopped, has been stopped, or has ended because of an error.</summary>
    public bool IsStopped => _queue.IsClosed;

    /// <summary>The most requests that wait while all places are taken (<see cref="CompletionServiceOptions.MaxWaiting"/>).</summary>
    public int MaxWaiting => _queue.MaxWaiting;

    /// <summary>Checks a request against the policy without drawing: its
    /// settings, and whether its prompt can be read and leaves room.</summary>
    /// <param name="request">The request.</param>
    /// <param name="reason">What is wrong with it, every fault of its settings in one text.</param>
    /// <returns>Whether it can be drawn.</returns>
    public bool TryCheck(CompletionRequest request, [NotNullWhen(false)] out string? reason) => _reader.TryRead(request, out _, out reason);

    /// <summary>Draws one completion.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="cancellationToken">Takes the request out of the decode with the next step.</param>
    /// <returns>The completion; one that a stop sequence ended has the tokens up to there and <see cref="FinishReason.Stopped"/>.</returns>
    /// <exception cref="CompletionRequestException">The request cannot be drawn; the message names every fault.</exception>
    /// <exception cref="ServiceBusyException">Too many wait.</exception>
    /// <exception cref="ObjectDisposedException">The service is, or was meanwhile, stopped.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<Completion> CompleteAsync(CompletionRequest request, CancellationToken cancellationToken = default) =>
        (await CompleteAllAsync([request], cancellationToken).ConfigureAwait(false))[0];

    /// <summary>Draws several completions at once, such as the N of Best-of-N:
    /// they wait together, all or none. The first that fails ends the others.</summary>
    /// <param name="requests">What is asked, at most <see cref="MaxWaiting"/>.</param>
    /// <param name="cancellationToken">Takes all of them out.</param>
    /// <returns>The completions in order.</returns>
    /// <exception cref="ArgumentException">There are more than <see cref="MaxWaiting"/>.</exception>
    /// <exception cref="CompletionRequestException">A request cannot be drawn; the message names every fault.</exception>
    /// <exception cref="ServiceBusyException">Too many wait.</exception>
    /// <exception cref="ObjectDisposedException">The service is, or was meanwhile, stopped.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<IReadOnlyList<Completion>> CompleteAllAsync(
        IReadOnlyList<CompletionRequest> requests,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(requests);
        if (requests.Count > MaxWaiting)
        {
            throw new ArgumentException(
                $"{requests.Count} requests are asked at once, and {MaxWaiting} may wait: ask in parts, or raise "
                    + $"{nameof(CompletionServiceOptions)}.{nameof(CompletionServiceOptions.MaxWaiting)}.",
                nameof(requests)
            );
        }

        DrawnText[] texts = Start(requests);
        Task[] reading = [.. texts.Select(text => text.ReadToEndAsync(cancellationToken))];
        try
        {
            await foreach (Task one in Task.WhenEach(reading).ConfigureAwait(false))
                await one.ConfigureAwait(false); // the first fault is the caller's
            return [.. texts.Select(text => text.Completion!)];
        }
        finally
        {
            Array.ForEach(texts, text => text.Dispose()); // takes the others out
            await Task.WhenAll(reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Draws one completion and hands on its text as it comes; the pieces together are <see cref="Completion.Text"/>.</summary>
    /// <remarks>A policy that shares no decode gives the text in one piece.</remarks>
    /// <param name="request">What is asked.</param>
    /// <param name="cancellationToken">Takes the request out of the decode with the next step; so does leaving the loop.</param>
    /// <returns>Pieces, none of them empty.</returns>
    /// <exception cref="CompletionRequestException">The request cannot be drawn; the message names every fault.</exception>
    /// <exception cref="ServiceBusyException">Too many wait.</exception>
    /// <exception cref="ObjectDisposedException">The service is, or was meanwhile, stopped.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async IAsyncEnumerable<string> StreamAsync(
        CompletionRequest request,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        using DrawnText text = Start([request])[0];
        while (await text.ReadAsync(cancellationToken).ConfigureAwait(false) is string piece)
            yield return piece;
    }

    /// <summary>Takes no more requests, waits until those that are there have ended, and stops.</summary>
    /// <param name="cancellationToken">Ends the waiting: what is left then fails.</param>
    /// <returns>A task that ends when the thread has.</returns>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        _queue.Close();
        await _ended.Task.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Stops, and waits for the pass of the model that is under way.</summary>
    public void Dispose()
    {
        _queue.Stop(null);
        _thread.Join();
    }

    /// <inheritdoc cref="Dispose"/>
    /// <returns>A task that ends when the thread has.</returns>
    public async ValueTask DisposeAsync()
    {
        _queue.Stop(null);
        await _ended.Task.ConfigureAwait(false);
    }

    /// <summary>What is wrong with the settings of a request.</summary>
    internal List<string> Faults(CompletionRequest request) => _reader.Faults(request);

    /// <summary>Lets requests wait.</summary>
    /// <returns>Their texts as they come, the caller's to dispose.</returns>
    internal DrawnText[] Start(IReadOnlyList<CompletionRequest> requests)
    {
        var served = new ServedRequest[requests.Count];
        for (int i = 0; i < served.Length; i++)
        {
            if (i > 0 && requests[i] with { Sample = requests[i - 1].Sample } == requests[i - 1] && requests[i].Sample >= 0)
                served[i] = new ServedRequest(_queue, requests[i], served[i - 1].Policy, served[i - 1].Prompt); // another sample
            else if (_reader.TryRead(requests[i], out ServedRequest? one, out string? reason))
                served[i] = one;
            else
                throw new CompletionRequestException(served.Length == 1 ? reason : $"Request {i}: {reason}");
        }

        _queue.Add(served);
        return [.. served.Select(one => new DrawnText(one))];
    }

    private void Run()
    {
        Exception? fault = null;
        try
        {
            using (_loop)
            {
                while (_queue.Fill(_loop))
                    _loop.Step();
            }
        }
        catch (Exception e)
        {
            fault = e; // all that are there are told, and all that come
        }

        _queue.Stop(fault);
        if (fault is not null)
            _logger?.ServiceFailed(fault);
        _ended.SetResult();
    }
}
