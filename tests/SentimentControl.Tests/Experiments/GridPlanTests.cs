using SentimentControl.Datasets;
using SentimentControl.Reporting;
using VariationalBoN.Experiments.Grid;

namespace SentimentControl.Tests.Experiments;

[Trait("Tier", "fast")]
public sealed class GridPlanTests
{
    [Fact]
    public void Each_run_has_a_file_of_its_own_with_a_name_that_any_system_takes()
    {
        var plan = GridPlan.Of([2, 4, 8, 16, 32, 64], [1, 2, 3], GridPlan.Methods, GridPlan.Studies, quick: false);
        string[] names = [.. plan.Select(run => run.FileName)];

        Assert.Equal(names.Length, names.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.All(names, name => Assert.Matches("^[A-Za-z0-9._-]+$", name));
        Assert.Equal(plan.Count, plan.Distinct().Count());
    }

    [Fact]
    public void The_grid_holds_every_method_N_and_seed_and_one_beta_beyond()
    {
        var grid = GridPlan.Of([2, 4], [1, 2, 3], GridPlan.Methods, [], quick: false).ToArray();

        foreach (Method method in GridPlan.Methods)
            Assert.Equal(
                method == Method.KlConstrainedRl ? [2, 4, 8] : [2, 4],
                grid.Where(run => run.Method == method && run.Seed == 2).Select(run => run.N)
            );
    }

    [Fact]
    public void The_quick_grid_has_every_method_and_every_study()
    {
        var quick = GridPlan.Of([2, 4], [1], GridPlan.Methods, GridPlan.Studies, quick: true);

        Assert.Equal(GridPlan.Methods.Order(), quick.Select(run => run.Method).Distinct().Order());
        Assert.Equal(
            GridPlan.Of([2, 4], [1], GridPlan.Methods, GridPlan.Studies, quick: false).Select(run => run.Study).Distinct().Order(),
            quick.Select(run => run.Study).Distinct().Order()
        );
    }

    [Fact]
    public void Where_runs_are_long_the_papers_methods_have_each_N_and_the_others_the_middle_one()
    {
        var plan = GridPlan.Of([2, 8, 32], [1, 2], GridPlan.Methods, [], quick: false, whole: false);

        foreach (Method method in GridPlan.Methods)
        {
            int[] expected =
                method == Method.KlConstrainedRl ? [2, 8, 32, 64]
                : GridPlan.PaperMethods.Contains(method) ? [2, 8, 32]
                : [8];
            Assert.Equal(expected, plan.Where(run => run.Method == method && run.Seed == 2).Select(run => run.N));
        }

        Assert.All(plan, run => Assert.Equal("grid", run.Study));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_a_study_is_compared_with_is_run_too(bool quick)
    {
        foreach (string study in GridPlan.Studies)
        {
            var plan = GridPlan.Of([2], [1], GridPlan.Methods, [study], quick);

            Assert.All(plan, run => Assert.Contains(run.Study, new[] { "grid", study }));
            Assert.All(plan, run => Assert.Contains(new GridRun("grid", run.Method, run.N, 1, new Variation()), plan));
            Assert.Contains(plan, run => run.Study == study);
        }
    }

    [Fact]
    public void A_variation_that_is_what_the_dataset_does_by_default_is_left_out()
    {
        RunSettings reviews = DatasetCatalog.Create("reviews").Settings(quick: false),
            wider =
                reviews with
                {
                    Guidance = new() { TopTokens = 256 },
                    Head = reviews.Head with { Epochs = 4 },
                };

        Assert.Equal(["head reward"], Guidance(reviews));
        Assert.Equal(["top tokens 48", "head reward"], Guidance(wider));
        Assert.Equal(Guidance(wider), Guidance(null));

        static IEnumerable<string> Guidance(RunSettings? defaults) =>
            GridPlan
                .Of([8], [1], [Method.Guided], ["guidance"], quick: false, defaults: defaults)
                .Where(run => run.Study == "guidance" && run.N == 8)
                .Select(run => run.Variation.Name);
    }

    [Fact]
    public void More_steps_stand_beside_as_many_at_each_N()
    {
        var longer = GridPlan.Of([8], [1], [Method.VariationalBestOfN], ["longer"], quick: false).Where(run => run.Study == "longer");

        Assert.Equal(
            [(4, "1 12"), (8, "1 2 4"), (64, "1 12")],
            longer
                .GroupBy(run => run.N)
                .OrderBy(n => n.Key)
                .Select(n => (n.Key, string.Join(' ', n.Select(run => run.Variation.StepsFactor))))
        );
    }

    [Fact]
    public void Only_the_methods_that_were_asked_for_are_run()
    {
        var plan = GridPlan.Of([2, 4, 8], [1], [Method.Jeffreys, Method.VariationalBestOfN], GridPlan.Studies, quick: false);

        Assert.Equal([Method.VariationalBestOfN, Method.Jeffreys], plan.Select(run => run.Method).Distinct().Order());
        Assert.Contains(plan, run => run.Study == "tuning");
    }
}
