using System.Globalization;
using System.Text.Json;
using SentimentControl.Datasets;
using SentimentControl.Reporting;

namespace VariationalBoN.Experiments.Grid;

/// <summary>Tables and figures over all runs of a grid: summary.md, summary.json, pictures.</summary>
internal sealed class GridSummary
{
    private readonly GridArguments _arguments;
    private readonly RunSettings _settings;
    private readonly bool _whole;
    private readonly MethodResult[][] _literal;
    private readonly CeilingPoint[] _ceiling;
    private readonly GridRecords _records;
    private readonly GridTables _tables;
    private readonly StudyTables _studies;
    private readonly ComparedStudies _compared;

    public GridSummary(
        GridArguments arguments,
        RunSettings settings,
        bool whole,
        RunRecord[] records,
        MethodResult[][] literal,
        CeilingPoint[] ceiling
    )
    {
        (_arguments, _settings, _whole, _literal, _ceiling) = (arguments, settings, whole, literal, ceiling);
        _records = new GridRecords(arguments, records, literal);
        _tables = new GridTables(_records);
        _studies = new StudyTables(_records, settings.SamplesPerPrompt);
        _compared = new ComparedStudies(_records, settings);
    }

    /// <summary>The shortest account: Pareto shares and what comes nearest to Best-of-N.</summary>
    public string Reading => _records.Has("tuning") ? $"{_tables.Pareto()}\n{_compared.Tuning()}" : _tables.Pareto();

    public void Write(string folder)
    {
        GridPoint[] grid = [.. _records.Points("grid").Select(pair => pair.Point)],
            chosen = [.. grid.Where(point => point.Method == Method.Guided || GridPlan.PaperMethods.Contains(point.Method))];
        string title = string.Create(
            CultureInfo.InvariantCulture,
            $"{_arguments.Dataset}: mean over seeds {string.Join(", ", _arguments.Seeds)}, bars from smallest to largest"
        );
        Save(
            "reward-kl.png",
            GridPlots.AgainstKl(
                _records.Reference,
                _records.BestOfN,
                chosen,
                point => point.Reward,
                "mean reward of held-out answers",
                title,
                _ceiling
            )
        );
        Save(
            "winrate-kl.png",
            GridPlots.AgainstKl(
                _records.Reference,
                _records.BestOfN,
                chosen,
                point => point.WinRate,
                "win rate against the reference",
                title,
                null
            )
        );
        Save("reward-kl-all.png", GridPlots.EachMethod(_records.Reference, _records.BestOfN, grid, point => point.Reward, "mean reward"));
        Save("winrate-kl-all.png", GridPlots.EachMethod(_records.Reference, _records.BestOfN, grid, point => point.WinRate, "win rate"));
        if (_records.Has("samples"))
            Save("samples.png", GridPlots.Samples(_studies.SamplePoints(), title));
        var settings = RunFolder.Describe(_settings, _whole);
        var document = new
        {
            _arguments.Dataset,
            _arguments.Seeds,
            _arguments.N,
            _arguments.Quick,
            settings,
            literal = _literal,
            runs = _records.All,
        };
        File.WriteAllText(Path.Combine(folder, "summary.json"), JsonSerializer.Serialize(document, RunRecord.Json) + "\n");
        File.WriteAllText(
            Path.Combine(folder, "summary.md"),
            $"""
            # {_arguments.Dataset}, every method

            Seeds {string.Join(", ", _arguments.Seeds)}; {_records.All.Count} runs, {_records.All.Count(record =>
                record.Stopped is not null
            )} of them stopped by the guard; M = {_settings.SamplesPerPrompt}, {_settings.Steps} steps of {_settings.PromptsPerStep} prompts x {_settings.CompletionsPerPrompt} completions
            where nothing else is said. Held-out prompts; mean over seeds ± its standard error. Rewards in logits, KL and gap in nats.
            "Distance" is the win rate of Best-of-n, n real, at the same KL, minus the win rate: positive under the curve. No policy of that KL can win more often than pi_ref exp(c F) / Z, which is above the curve by 0.009 at the
            KL of n = 2, 0.004 at 4, 0.001 at 8 and less beyond: up to N = 4 the distance to that ceiling stands beside it. Far out, where the win rate is near 1, both say little.
            "Outside ranks" is KL minus that of the distribution of F: at most so much changes no rank.

            ## Methods

            {_tables.Methods()}
            ![reward against KL](reward-kl.png)

            ![win rate against KL](winrate-kl.png)

            ![reward against KL, all methods](reward-kl-all.png)

            ![win rate against KL, all methods](winrate-kl-all.png)

            Each method in red, Best-of-N in blue, all other methods in grey; bars from the smallest to the largest of the seeds; "beyond": points further to the right.

            ## Pareto fronts

            {_tables.Pareto()}
            ## Time

            {_tables.Time()}

            """
                + string.Concat(Studies())
                + $"""
                ## Runs that were stopped

                {_tables.StoppedRuns()}
                """
        );

        void Save(string name, byte[] picture) => File.WriteAllBytes(Path.Combine(folder, name), picture);
    }

    /// <summary>A section for each study that was made.</summary>
    private IEnumerable<string> Studies() =>
        from study in GridStudies.All
        where _records.Has(study.Name)
        select $"## {study.Title}\n\n{study.Text(_studies, _compared)}\n";
}
