using SentimentControl.Datasets;
using SentimentControl.Reporting;
using VariationalBoN;
using VariationalBoN.Experiments.Grid;
using VariationalBoN.Guidance;

namespace SentimentControl.Tests.Experiments;

[Trait("Tier", "fast")]
public sealed class RunRecordTests : IDisposable
{
    private static readonly GridRun s_run = new("grid", Method.Jeffreys, 8, 2, new Variation { ReverseWeight = 0.25 });
    private readonly string _folder = Directory.CreateTempSubdirectory("grid-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_finished_run_is_found_again_as_it_was()
    {
        var record = Record(s_run, reward: 1.0 / 3);
        Assert.Null(RunRecord.Find(_folder, s_run, Settings()));

        record.Save(_folder);
        RunRecord found = RunRecord.Find(_folder, s_run, Settings())!;

        Assert.Equal(record.Result, found.Result);
        Assert.Equal(record.Curve, found.Curve);
        Assert.Equal((record.Run, record.Stopped, record.Weights), (found.Run, found.Stopped, found.Weights));
        Assert.Equal([s_run.FileName], Directory.EnumerateFiles(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public void A_run_with_a_value_head_of_other_defaults_is_not_taken_for_one_of_these()
    {
        var run = new GridRun("grid", Method.Guided, 8, 2, new Variation { HeadLayers = 2 });
        ValueHeadOptions defaults = new(),
            before = defaults with { Sums = 16, Forgetting = 0 };
        (Record(run, reward: 1) with { Head = run.HeadOptions(before) }).Save(_folder);

        Assert.Equal((16, 0, 2, 2L), Shape(RunRecord.Find(_folder, run, Settings() with { Head = before })!.Head!));
        Assert.Null(RunRecord.Find(_folder, run, Settings()));
        Assert.Null(s_run.HeadOptions(defaults));

        static (int, int, int, long) Shape(ValueHeadOptions head) => (head.Sums, head.Forgetting, head.Layers, head.Seed);
    }

    [Fact]
    public void A_run_guided_in_another_way_is_not_taken_for_one_of_these()
    {
        var run = new GridRun("grid", Method.Guided, 8, 2, new Variation());
        RunSettings settings = Settings(),
            wider = settings with { Guidance = new GuidanceOptions { TopTokens = 256 } };
        var record = Record(run, reward: 1) with { Head = run.HeadOptions(settings.Head) };
        record.Save(_folder);
        Assert.NotNull(RunRecord.Find(_folder, run, settings));
        Assert.Null(RunRecord.Find(_folder, run, wider));

        (record with { Guidance = run.GuidanceOptions(wider.Guidance) }).Save(_folder);
        Assert.Equal(256, RunRecord.Find(_folder, run, wider)!.Guidance!.TopTokens);
        Assert.Null(RunRecord.Find(_folder, run, settings));
        var narrow = run with { Variation = new Variation { TopTokens = 48 } };
        Assert.Null(narrow.GuidanceOptions(wider.Guidance)); // the library's own
        Assert.Null(s_run.GuidanceOptions(wider.Guidance)); // not guided
    }

    [Fact]
    public void A_run_with_values_alone_has_a_head_and_no_guided_policy()
    {
        GuidanceOptions wider = new() { TopTokens = 256 };
        var values = new GridRun("values", Method.VariationalBestOfN, 8, 2, new Variation { Lambda = 0.95 });
        Assert.NotNull(values.HeadOptions(new()));
        Assert.Null(values.GuidanceOptions(wider));

        foreach (var guided in new[] { values.Variation with { Distilled = 0.33 }, values.Variation with { GuidedStart = 0.1 } })
            Assert.Equal(wider, (values with { Variation = guided }).GuidanceOptions(wider));
    }

    [Fact]
    public void A_damaged_file_is_an_error_that_names_it()
    {
        Record(s_run, reward: 1).Save(_folder);
        string path = Path.Combine(_folder, s_run.FileName);
        File.WriteAllText(path, File.ReadAllText(path)[..100]);

        Assert.Contains(
            path,
            Assert.Throws<InvalidDataException>(() => RunRecord.Find(_folder, s_run, Settings())).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Pareto_shares_count_points_that_nothing_beats_and_leave_out_stopped_runs()
    {
        RunRecord[] runs =
        [
            Record(Run(Method.VariationalBestOfN, 1), reward: 1, kl: 1),
            Record(Run(Method.VariationalBestOfN, 2), reward: 2, kl: 2),
            Record(Run(Method.KlConstrainedRl, 1), reward: 1.5, kl: 1),
            Record(Run(Method.Dpo, 1), reward: 9, kl: 0.1) with
            {
                Stopped = "step 3",
            },
        ];

        var shares = ParetoShares.Of(runs, result => result.Reward);

        Assert.Equal(0.5, shares[Method.VariationalBestOfN].ByValue);
        Assert.Equal(1, shares[Method.KlConstrainedRl].ByValue);
        Assert.Equal(1, shares[Method.VariationalBestOfN].WithinErrors); // half a logit is within two errors of 0.4
        Assert.DoesNotContain(Method.Dpo, shares.Keys);
    }

    private static RunSettings Settings() => DatasetCatalog.Create("reviews").Settings(quick: false);

    private static GridRun Run(Method method, int n) => new("grid", method, n, 1, new Variation());

    private static RunRecord Record(GridRun run, double reward, double kl = 1)
    {
        Estimate Number(double value) => new(value, 0.4, 24);
        var result = new MethodResult
        {
            Method = run.Method,
            N = run.N,
            Reward = Number(reward),
            WinRate = Number(0.5),
            EffectiveN = Number(1),
            Kl = Number(kl),
            Length = Number(16),
            DistinctShare = Number(1),
            TokensGenerated = Number(16),
            ObjectiveGap = Number(double.PositiveInfinity),
        };
        return new RunRecord(run, result, 1.5, 128, null, "abc", [new CurvePoint(10, 1280, 0.5, 0.6, 0.7)]);
    }
}
