using System.Diagnostics;
using System.Text.Json;

namespace Cluster;

/// <summary>The run: a primary, three workers and a learner as processes, one worker killed on the way,
/// and the same in one process. Not thread-safe.</summary>
internal sealed class Run(Settings settings, TextWriter output) : IDisposable
{
    private const int Workers = 3;
    private readonly List<Child> _children = [];
    private readonly string _file = settings.Write();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Events _events = new();

    /// <summary>Runs.</summary>
    /// <returns>0 when both tables are equal, 1 otherwise.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        Say("training the reviews model, which every process then reads");
        ReviewWorld.MakeModel(settings, cancellationToken);
        if (!settings.HasDatabase)
            await StartSiloAsync(Roles.Primary, "primary", cancellationToken);
        var workers = new List<(string Name, Child Process)>();
        await Task.WhenAll(
            Enumerable
                .Range(1, Workers)
                .Select(async number =>
                {
                    var worker = await StartSiloAsync(Roles.Worker, $"worker {number}", cancellationToken);
                    lock (workers)
                        workers.Add(worker);
                })
        );

        Task disturbing = Task.CompletedTask;
        int half = settings.Steps / 2;
        Child learner = StartLearner();
        int code = await learner.EndAsync(cancellationToken);
        if (code != 0 && _events.IsLearnerKilled)
        {
            Say("the learner was killed; another one goes on from its store and checkpoint");
            code = await StartLearner().EndAsync(cancellationToken);
        }

        if (code != 0)
            return Fail($"The learner ended with {code}.");
        await disturbing;
        if (_events.Missing(settings.HasDatabase) is string missing)
            return Fail(missing);
        Say("the same in one process");
        using (Child alone = Start(Roles.Alone, "alone", _ => { }))
        {
            if (await alone.EndAsync(cancellationToken) is not 0 and int failed)
                return Fail($"The run in one process ended with {failed}.");
        }

        return Compare();

        Child StartLearner()
        {
            Child? started = null;
            bool isKilled = false;
            return started = Start(
                Roles.Learner,
                "learner",
                line =>
                {
                    _events.Hear(line, _clock.Elapsed);
                    if (
                        line.StartsWith($"step {Math.Max(1, settings.Steps / 8)} ", StringComparison.Ordinal)
                        && disturbing.IsCompletedSuccessfully
                        && workers.Count == Workers
                    )
                        disturbing = Task.Run(() => DisturbAsync(workers, cancellationToken), cancellationToken);
                    if (
                        settings.HasDatabase
                        && !isKilled
                        && line.StartsWith($"step {half + 1} ", StringComparison.Ordinal)
                        && !File.Exists(Path.Combine(settings.Folder, "learner-killed"))
                    )
                    {
                        isKilled = _events.IsLearnerKilled = true;
                        File.WriteAllText(Path.Combine(settings.Folder, "learner-killed"), "");
                        started!.Kill();
                    }
                }
            );
        }
    }

    public void Dispose() => _children.ForEach(child => child.Dispose());

    /// <summary>Kills a worker, and starts another one.</summary>
    private async Task DisturbAsync(List<(string Name, Child Process)> workers, CancellationToken cancellationToken)
    {
        (string name, Child victim) = workers[0];
        workers.RemoveAt(0);
        _events.Victim = (victim.Id, _clock.Elapsed);
        victim.Kill();
        Say($"{name} (process {victim.Id}) was killed");
        string newcomer = "";
        await StartSiloAsync(Roles.Worker, $"worker {Workers + 1}", cancellationToken, silo => newcomer = silo);
        _events.Newcomer = newcomer;
        string written = settings.Newcomer + ".part";
        await File.WriteAllTextAsync(written, newcomer, cancellationToken);
        File.Move(written, settings.Newcomer);
    }

    private async Task<(string Name, Child Process)> StartSiloAsync(
        string role,
        string name,
        CancellationToken cancellationToken,
        Action<string>? joinedAs = null
    )
    {
        var joined = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Child child = Start(
            role,
            name,
            line =>
            {
                if (!line.StartsWith(Roles.Joined, StringComparison.Ordinal))
                    return;
                joinedAs?.Invoke(line[Roles.Joined.Length..]);
                joined.TrySetResult();
            }
        );
        Task<int> ended = child.EndAsync(cancellationToken);
        if (await Task.WhenAny(joined.Task, ended) == ended)
            throw new InvalidOperationException(
                $"The process of {name} ended with {await ended} before it was in the cluster; what it " + "wrote stands above."
            );
        return (name, child);
    }

    private Child Start(string role, string name, Action<string> heard)
    {
        Child child = Child.Start(
            role,
            _file,
            line =>
            {
                Say($"{name}: {line}");
                heard(line);
            }
        );
        lock (_children)
            _children.Add(child);
        return child;
    }

    private int Compare()
    {
        Row[] cluster = Read(Roles.Learner),
            alone = Read(Roles.Alone);
        output.WriteLine($"{"", -36} {"over the cluster", -24} in one process");
        foreach ((Row one, Row other) in cluster.Zip(alone))
            output.WriteLine($"{one.Name, -36} {Short(one.Value), -24} {Short(other.Value)}");
        int at = Enumerable
            .Range(0, Math.Max(cluster.Length, alone.Length))
            .FirstOrDefault(i => cluster.ElementAtOrDefault(i) != alone.ElementAtOrDefault(i), -1);
        if (at >= 0)
            return Fail(
                $"The first difference: \"{cluster.ElementAtOrDefault(at)?.Name ?? "no row"}\" is "
                    + $"{cluster.ElementAtOrDefault(at)?.Value} over the cluster, \"{alone.ElementAtOrDefault(at)?.Name ?? "no row"}\" is "
                    + $"{alone.ElementAtOrDefault(at)?.Value} in one process."
            );
        output.WriteLine(
            "Both tables are equal to the last digit: a worker was killed during the run and another one joined, and no "
                + "number differs in any bit."
        );
        return 0;
    }

    private static string Short(string value) => value.Length <= 24 ? value : $"{value[..20]}...";

    private Row[] Read(string role) => JsonSerializer.Deserialize<Row[]>(File.ReadAllText(Roles.ResultOf(settings, role)))!;

    private int Fail(string message)
    {
        output.WriteLine(message);
        return 1;
    }

    private void Say(string text)
    {
        lock (output)
            output.WriteLine(FormattableString.Invariant($"[{_clock.Elapsed.TotalSeconds, 5:0.0} s] {text}"));
    }
}
