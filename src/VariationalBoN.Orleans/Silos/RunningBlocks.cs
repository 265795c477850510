using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using VariationalBoN.Orleans.Internal;
using VariationalBoN.Rewards;

namespace VariationalBoN.Orleans.Silos;

/// <summary>The blocks that are under way on the devices of a silo, by their tickets. Thread-safe.</summary>
/// <param name="devices">The devices.</param>
/// <param name="abandonedAfter">After how long a block that nobody asks for is forgotten.</param>
internal sealed class RunningBlocks(ImmutableArray<WorkerDevice> devices, TimeSpan abandonedAfter)
{
    private readonly ConcurrentDictionary<Guid, RunningBlock> _blocks = [];
    private readonly ConcurrentDictionary<Guid, long> _forgotten = []; // by their clients, and when
    private readonly Lock _beginning = new();
    private bool _isClosed;

    /// <summary>Begins a block; what is wrong with it is told where its result is asked for.</summary>
    public BeginAnswer Begin(BeginRequest request)
    {
        lock (_beginning) // a call that is made again while the first one is here draws nothing
        {
            if (_isClosed)
                return BeginAnswer.Leaving;
            if (_forgotten.ContainsKey(request.Ticket))
                return BeginAnswer.Waits; // the call was late, and nobody reads its answer
            RunningBlock block = _blocks.GetOrAdd(
                request.Ticket,
                _ =>
                    request.Device >= 0 && request.Device < devices.Length
                        ? new RunningBlock(devices[request.Device], request)
                        : new RunningBlock(
                            new ArgumentException($"The silo has {devices.Length} devices and none of number {request.Device}.")
                        )
            );
            return block.Started.IsCompleted ? BeginAnswer.Begun : BeginAnswer.Waits;
        }
    }

    /// <summary>Waits a moment for a block to end, or to begin where it waits.</summary>
    public async Task<PollAnswer> PollAsync(Guid ticket, int milliseconds, int most)
    {
        if (!_blocks.TryGetValue(ticket, out RunningBlock? block))
            return new PollAnswer { State = _isClosed ? BlockState.Leaving : BlockState.Unknown };
        block.Touch();
        if (!block.Result.IsCompleted)
        {
            using var enough = new CancellationTokenSource();
            Task moment = Task.Delay(milliseconds, enough.Token);
            await (block.Started.IsCompleted ? Task.WhenAny(block.Result, moment) : Task.WhenAny(block.Result, block.Started, moment));
            await enough.CancelAsync();
        }

        if (!block.Result.IsCompleted)
            return new PollAnswer { State = block.Started.IsCompleted ? BlockState.Running : BlockState.Waiting };
        if (block.Result.IsCompletedSuccessfully)
        {
            byte[] result = block.Result.Result;
            return new PollAnswer
            {
                State = BlockState.Done,
                Length = result.Length,
                Bytes = result.Length <= most ? result : result[..most],
            };
        }

        if (_isClosed)
            return new PollAnswer { State = BlockState.Leaving };
        if (block.IsStopped)
            return new PollAnswer { State = BlockState.Unknown }; // it was forgotten meanwhile
        Exception failure = await FailureOf(block.Result);
        if (failure is WeightsGoneException)
        {
            Drop(ticket); // the client hands it over again, and then sends them
            return new PollAnswer { State = BlockState.Unknown };
        }

        return new PollAnswer
        {
            State = BlockState.Failed,
            Failure = KindOf(failure),
            Message = failure is MismatchException ? failure.Message : $"{failure.GetType().Name}: {failure.Message}",
        };
    }

    /// <summary>Bytes of a result; null when it is not there any more, as when the silo stops.</summary>
    public byte[]? Read(Guid ticket, int offset, int most)
    {
        if (!_blocks.TryGetValue(ticket, out RunningBlock? block) || !block.Result.IsCompletedSuccessfully)
            return null;
        block.Touch();
        byte[] result = block.Result.Result;
        return result[offset..Math.Min(result.Length, offset + most)];
    }

    /// <summary>Forgets a block, and ends it; a call to begin it that comes later, since the network held it up, begins nothing.</summary>
    public void Forget(Guid ticket)
    {
        lock (_beginning)
            _forgotten[ticket] = Stopwatch.GetTimestamp();
        Drop(ticket);
    }

    /// <summary>Drops those that nobody has asked for in a long time, and the memory of those forgotten as long ago.</summary>
    public void ForgetAbandoned()
    {
        foreach ((Guid ticket, _) in _blocks.Where(block => block.Value.Unasked > abandonedAfter))
            Drop(ticket);
        foreach ((Guid ticket, _) in _forgotten.Where(pair => Stopwatch.GetElapsedTime(pair.Value) > abandonedAfter))
            _forgotten.TryRemove(ticket, out _);
    }

    /// <summary>Ends all, and begins none any more.</summary>
    public void Close()
    {
        lock (_beginning)
            _isClosed = true;
        foreach (Guid ticket in _blocks.Keys)
            Drop(ticket);
    }

    private void Drop(Guid ticket)
    {
        if (_blocks.TryRemove(ticket, out RunningBlock? block))
            block.Stop();
    }

    /// <summary>What a result failed with; also where something of the worker was cancelled that nobody here has cancelled,
    /// such as a judge by a time limit of its own.</summary>
    private static async Task<Exception> FailureOf(Task<byte[]> result)
    {
        try
        {
            await result.ConfigureAwait(false);
            throw new UnreachableException("The block has not failed.");
        }
        catch (Exception e) when (e is not UnreachableException)
        {
            return e;
        }
    }

    private static BlockFailure KindOf(Exception failure) =>
        failure switch
        {
            RewardModelException => BlockFailure.Reward,
            ArithmeticException => BlockFailure.Arithmetic,
            ArgumentException => BlockFailure.Argument,
            MismatchException => BlockFailure.Mismatch,
            _ => BlockFailure.Other,
        };
}
