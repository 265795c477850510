using System.Collections.Concurrent;
using System.Collections.Immutable;
using VariationalBoN.Orleans.Internal;
using VariationalBoN.Rewards;

namespace VariationalBoN.Orleans.Silos;

/// <summary>The blocks that are under way on the devices of a silo, by their tickets. Thread-safe.</summary>
/// <param name="devices">The devices.</param>
/// <param name="abandonedAfter">After how long a block that nobody asks for is forgotten.</param>
internal sealed class RunningBlocks(ImmutableArray<WorkerDevice> devices, TimeSpan abandonedAfter)
{
    private readonly ConcurrentDictionary<Guid, RunningBlock> _blocks = [];
    private readonly Lock _beginning = new();
    private bool _isClosed;

    /// <summary>Begins a block; what is wrong with it is told where its result is asked for.</summary>
    public BeginAnswer Begin(BeginRequest request)
    {
        lock (_beginning) // a call that is made again while the first one is here draws nothing
        {
            if (_isClosed)
                return BeginAnswer.Leaving;
            _blocks.GetOrAdd(
                request.Ticket,
                _ =>
                    request.Device >= 0 && request.Device < devices.Length
                        ? RunningBlock.Begin(devices[request.Device], request)
                        : RunningBlock.Failed(
                            new ArgumentException($"The silo has {devices.Length} devices and none of number {request.Device}.")
                        )
            );
        }

        return BeginAnswer.Begun;
    }

    /// <summary>Waits a moment for a block.</summary>
    public async Task<PollAnswer> PollAsync(Guid ticket, int milliseconds, int most)
    {
        if (!_blocks.TryGetValue(ticket, out RunningBlock? block))
            return new PollAnswer { State = _isClosed ? BlockState.Leaving : BlockState.Unknown };
        block.Touch();
        if (!block.Result.IsCompleted)
        {
            using var enough = new CancellationTokenSource();
            await Task.WhenAny(block.Result, Task.Delay(milliseconds, enough.Token));
            await enough.CancelAsync();
        }

        if (!block.Result.IsCompleted)
            return new PollAnswer { State = BlockState.Running };
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

        if (_isClosed || block.Result.IsCanceled)
            return new PollAnswer { State = BlockState.Leaving };
        Exception failure = block.Result.Exception!.InnerException!;
        if (failure is WeightsGoneException)
        {
            Forget(ticket); // the client hands it over again, and then sends them
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

    /// <summary>Forgets a block, and ends it.</summary>
    public void Forget(Guid ticket)
    {
        if (_blocks.TryRemove(ticket, out RunningBlock? block))
            block.Stop();
    }

    /// <summary>Forgets those that nobody has asked for in a long time.</summary>
    public void ForgetAbandoned()
    {
        foreach ((Guid ticket, _) in _blocks.Where(block => block.Value.Unasked > abandonedAfter))
            Forget(ticket);
    }

    /// <summary>Ends all, and begins none any more.</summary>
    public void Close()
    {
        lock (_beginning)
            _isClosed = true;
        foreach (Guid ticket in _blocks.Keys)
            Forget(ticket);
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
