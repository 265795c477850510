using System.Diagnostics;

namespace SentimentControl.Reporting;

/// <summary>
/// Says what is being done, how much of the whole is done, and how long the rest will take at the pace so far: one line that is rewritten
/// on a terminal, otherwise a plain line now and then. Thread-safe.
/// </summary>
internal sealed class RunProgress(TextWriter output, bool isTerminal)
{
    private static readonly TimeSpan TerminalPause = TimeSpan.FromSeconds(0.2),
        PlainPause = TimeSpan.FromSeconds(10);
    private readonly Lock _lock = new();
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly List<Stage> _stages = [];
    private TimeSpan _lastLine;
    private int _width;

    /// <summary>Announces work before it starts, so that the estimate counts it.</summary>
    /// <param name="name">What is done, in a few words.</param>
    /// <param name="cost">Its expected share of the time, in any unit that all stages share.</param>
    public Stage Plan(string name, double cost)
    {
        var stage = new Stage(this, name, cost);
        lock (_lock)
            _stages.Add(stage);
        return stage;
    }

    /// <summary>Prints a line that stays.</summary>
    public void Say(string line)
    {
        lock (_lock)
        {
            Erase();
            output.WriteLine($"[{Clock(_watch.Elapsed)}] {line}");
            _lastLine = _watch.Elapsed;
        }
    }

    private void Update()
    {
        lock (_lock)
        {
            if (_watch.Elapsed - _lastLine < (isTerminal ? TerminalPause : PlainPause))
                return;
            _lastLine = _watch.Elapsed;
            double total = _stages.Sum(stage => stage.Cost),
                done = _stages.Sum(stage => stage.Cost * stage.Share);
            if (done <= 0 || done >= total)
                return;
            var left = _watch.Elapsed * ((total - done) / done);
            string running = string.Join(
                ", ",
                _stages.Where(stage => stage.Share is > 0 and < 1).Select(stage => stage.Name).DefaultIfEmpty("measuring")
            );
            string line = $"[{Clock(_watch.Elapsed)}] {done / total, 4:0%} {running}, about {Clock(left)} left";
            Erase();
            if (isTerminal)
            {
                line = line.Length < Columns ? line : line[..(Columns - 1)];
                output.Write(line);
                _width = line.Length;
            }
            else
            {
                output.WriteLine(line);
            }
        }
    }

    private static int Columns => Math.Max(20, Console.WindowWidth);

    private void Erase()
    {
        if (_width > 0)
            output.Write($"\r{new string(' ', _width)}\r");
        _width = 0;
    }

    private static string Clock(TimeSpan time) => $"{(int)time.TotalMinutes}:{time.Seconds:00}";

    /// <summary>One piece of work; tell it the share that is done, 0 to 1.</summary>
    internal sealed class Stage(RunProgress owner, string name, double cost) : IProgress<double>
    {
        public string Name => name;

        public double Cost => cost;

        public double Share { get; private set; }

        public void Report(double value)
        {
            Share = value;
            owner.Update();
        }

        /// <summary>Marks the work as done and prints a line about it.</summary>
        public void Finish(string line)
        {
            Share = 1;
            owner.Say(line);
        }
    }
}
