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
    private readonly List<Task<BeginAnswer>> _begins = [];
    private bool _begun;
    private byte[]? _result; // as far as it was read
    private int _read;
    private long _heard = Stopwatch.GetTimestamp();

    /// <summary>Whether a device of the worker is at the block, as far as the worker has told.</summary>
    public bool IsOnDevice { get; private set; }

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
            when (e is not (ClusterException or LostWorkerException or RefusedWorkerException)
                && !(e is OperationCanceledException && stop.IsCancellationRequested)
            )
        {
            // a fault of the worker itself, which would be the same at the next call; also what was cancelled there
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
        Task begins = Task.WhenAll(_begins);
        if (_begins.Count == 0 || worker.Gone.IsCancellationRequested)
        {
            begins.Observe();
            return;
        }

        await begins.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // it should not begin after it was forgotten
        try
        {
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
            Task<BeginAnswer> begin = worker.Grain.BeginAsync(request);
            _begins.Add(begin);
            switch (await begin.WaitAsync(stop).ConfigureAwait(false))
            {
                case BeginAnswer.NeedsWeights:
                    await work.Weights!.SendAsync(worker, piece, Hear, stop).ConfigureAwait(false);
                    return false;
                case BeginAnswer.Leaving:
                    throw Leaving();
                case BeginAnswer.Begun:
                    IsOnDevice = true;
                    break;
            }

            _begun = true;
        }

        if (_result is not null)
            return await ReadAsync(piece, stop).ConfigureAwait(false);
        PollAnswer answer = await worker
            .Grain.PollAsync(_ticket, WorkerCalls.PollMilliseconds, piece)
            .WaitAsync(stop)
            .ConfigureAwait(false);
        IsOnDevice = answer.State == BlockState.Running;
        switch (answer.State)
        {
            case BlockState.Done:
                (_result, _read) = (new byte[answer.Length], answer.Bytes.Length);
                answer.Bytes.CopyTo(_result, 0);
                return await ReadAsync(piece, stop).ConfigureAwait(false);
            case BlockState.Failed when answer.Failure == BlockFailure.Mismatch:
                throw new RefusedWorkerException(answer.Message);
            case BlockState.Failed:
                work.Fail(Failure(answer));
                return true;
            case BlockState.Leaving:
                throw Leaving();
            case BlockState.Unknown:
                _begun = false;
                return false;
            default:
                return false;
        }
    }

    /// <summary>Reads on in the result, from where it was when a call failed.</summary>
    /// <returns>Whether the block has ended; not when the worker has the result no more.</returns>
    private async Task<bool> ReadAsync(int piece, CancellationToken stop)
    {
        byte[] result = _result!;
        while (_read < result.Length)
        {
            byte[]? more = await worker.Grain.ReadAsync(_ticket, _read, piece).WaitAsync(stop).ConfigureAwait(false);
            if (more is null)
            {
                (_result, _begun) = (null, false);
                return false;
            }

            Hear();
            more.CopyTo(result, _read);
            _read += more.Length;
        }

        work.Succeed(result, worker.Description.Name);
        worker.Count();
        return true;
    }

    private static LostWorkerException Leaving() => new("It is stopping.", isLeaving: true);

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
