namespace SentimentControl.Reporting;

/// <summary>Adds up the progress of runs that go in parallel into that of one stage. Thread-safe.</summary>
internal sealed class RunShares<T>(IProgress<double> stage, IReadOnlyList<T> plan, Func<T, double> cost)
{
    private readonly Lock _lock = new();
    private readonly double _total = plan.Sum(cost);
    private readonly IProgress<double> _stage = stage;
    private double _done;

    /// <summary>Where one run reports its share.</summary>
    public IProgress<double> Of(T run) => new Part(this, cost(run));

    private sealed class Part(RunShares<T> owner, double cost) : IProgress<double>
    {
        private double _share;

        public void Report(double value)
        {
            lock (owner._lock)
            {
                owner._done += cost * (value - _share);
                _share = value;
                owner._stage.Report(owner._done / owner._total);
            }
        }
    }
}
