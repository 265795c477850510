using System.Diagnostics;
using System.Net.Sockets;
using VariationalBoN.Orleans.Internal;
using VariationalBoN.Rewards;

namespace VariationalBoN.Orleans.Clients;

/// <summary>One block at one device: handed over, asked for until it has ended, its result read. A call that fails is made again.</summary>
internal sealed class BlockDialogue(WorkerLink worker, int device, BlockWork work, WorkerClusterOptions options)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(0.2);
    private readonly Guid _ticket = Guid.NewGuid();
    private Task<BeginAnswer>? _begin; // of the last call
    private bool _begun;
    private long _heard = Stopwatch.GetTimestamp();

    /// <summary>Brings the block to its end; where nobody waits for it any more, tells the worker so.</summary>
    /// <param name="leave">Cancelled when the worker has left or is refused, or the pool is closed.</param>
    /// <exception cref="OperationCanceledException">That is so.</exception>
    /// <exception cref="LostWorkerException">The worker does not answer, or is about to leave.</exception>
    /// <exception cref="RefusedWorkerException">The worker is not what the learner needs.</exception>
    public async Task RunAsync(CancellationToken leave)
    {
        int most = Math.Min(options.MostMessageBytes, worker.Description.MostMessageBytes) / 2;
        if (work.Payload.Length > most)
        {
            work.Fail(
                new ClusterException(
                    $"{work.Name} is {work.Payload.Length} bytes long, and the worker {worker.Description.Name} "
                        + $"takes messages of {2 * most} bytes, half of it for a block. Ask for fewer prompts at a time, or raise "
                        + "MaxMessageBodySize of client and silo."
                )
            );
            return;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(leave, work.Stop);
        try
        {
            while (true)
            {
                try
                {
                    if (await StepAsync(Math.Min(most, WorkerCalls.PieceBytes), stop.Token).ConfigureAwait(false))
                        return;
                    Hear();
                }
                catch (Exception e) when (e is TimeoutException or OrleansException or SocketException or ObjectDisposedException)
                {
                    // the way to the worker failed, or it is slow, or its silo is stopping
                    if (Stopwatch.GetElapsedTime(_heard) > options.SilentAfter)
                        throw new LostWorkerException(
                            $"It has answered no call for {options.SilentAfter.TotalSeconds:0.#} seconds: " + $"{e.Message}",
                            e
                        );
                    await Task.Delay(s_pause, stop.Token).ConfigureAwait(false);
                }
            }
        }
        catch (Exception e)
            when (e is not (OperationCanceledException or ClusterException or LostWorkerException or RefusedWorkerException))
        {
            // a fault of the worker itself, which would be the same at the next call
            work.Fail(
                new ClusterException(
                    $"The worker {worker.Description.Name} failed at {work.Name}. {e.GetType().Name}: {e.Message} "
                        + "See the log of that process; stop it when it is at fault, and run again.",
                    e
                )
            );
        }
        catch (OperationCanceledException) when (work.Stop.IsCancellationRequested && !leave.IsCancellationRequested)
        {
            // nobody waits any more
        }
        finally
        {
            Task forgotten = ForgetAsync();
            if (stop.IsCancellationRequested)
                await forgotten.ConfigureAwait(false); // the client may be gone at once
        }
    }

    /// <summary>Tells the worker that its result was read, or that nobody waits for it.</summary>
    private async Task ForgetAsync()
    {
        if (_begin is null || worker.Gone.IsCancellationRequested)
            return;
        try
        {
            await _begin.ConfigureAwait(false); // it must not begin after it was forgotten
            await worker.Grain.ForgetAsync(_ticket).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // the way to the worker failed: it forgets by itself what nobody asks for (ClusterWorkerOptions.AbandonedAfter)
        }
    }

    /// <summary>One call, or the last ones.</summary>
    /// <returns>Whether the block has ended.</returns>
    private async Task<bool> StepAsync(int piece, CancellationToken stop)
    {
        if (!_begun)
        {
            var request = new BeginRequest
            {
                Ticket = _ticket,
                Device = device,
                Kind = work.Kind,
                Weights = work.Weights?.Version,
                Payload = work.Payload,
            };
            _begin = worker.Grain.BeginAsync(request);
            switch (await _begin.WaitAsync(stop).ConfigureAwait(false))
            {
                case BeginAnswer.NeedsWeights:
                    await work.Weights!.SendAsync(worker, piece, Hear, stop).ConfigureAwait(false);
                    return false;
                case BeginAnswer.Leaving:
                    throw new LostWorkerException("It is stopping.");
            }

            _begun = true;
        }

        PollAnswer answer = await worker
            .Grain.PollAsync(_ticket, WorkerCalls.PollMilliseconds, piece)
            .WaitAsync(stop)
            .ConfigureAwait(false);
        switch (answer.State)
        {
            case BlockState.Done:
                if (await ReadAsync(answer, piece, stop).ConfigureAwait(false) is not { } result)
                    goto case BlockState.Unknown;
                work.Succeed(result);
                worker.Count();
                return true;
            case BlockState.Failed when answer.Failure == BlockFailure.Mismatch:
                throw new RefusedWorkerException(answer.Message);
            case BlockState.Failed:
                work.Fail(Failure(answer));
                return true;
            case BlockState.Leaving:
                throw new LostWorkerException("It is stopping.");
            case BlockState.Unknown:
                _begun = false;
                return false;
            default:
                return false;
        }
    }

    /// <summary>The result; null when the worker has it no more.</summary>
    private async Task<byte[]?> ReadAsync(PollAnswer answer, int piece, CancellationToken stop)
    {
        if (answer.Bytes.Length == answer.Length)
            return answer.Bytes;
        byte[] result = new byte[answer.Length];
        answer.Bytes.CopyTo(result, 0);
        for (int at = answer.Bytes.Length; at < result.Length; )
        {
            byte[]? more = await worker.Grain.ReadAsync(_ticket, at, piece).WaitAsync(stop).ConfigureAwait(false);
            if (more is null)
                return null;
            Hear();
            more.CopyTo(result, at);
            at += more.Length;
        }

        return result;
    }

    /// <summary>The worker has answered.</summary>
    private void Hear() => _heard = Stopwatch.GetTimestamp();

    private Exception Failure(PollAnswer answer)
    {
        string message = $"The worker {worker.Description.Name} failed at {work.Name}. {answer.Message}";
        return answer.Failure switch
        {
            BlockFailure.Reward => new RewardModelException(
                $"{message} If others do not fail, the fault is of that process: stop it, "
                    + "and run again; blocks that were kept are not drawn again."
            ),
            BlockFailure.Arithmetic => new ArithmeticException(message),
            BlockFailure.Argument => new ArgumentException(message),
            _ => new ClusterException($"{message} See the log of that process; stop it when it is at fault, and run again."),
        };
    }
}
