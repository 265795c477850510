using SentimentControl.Grid;
using SentimentControl.Reporting;

namespace SentimentControl.Tests.Grid;

[Trait("Tier", "fast")]
public sealed class GridPlanTests
{
    [Fact]
    public void Each_run_has_a_file_of_its_own_with_a_name_that_any_system_takes()
    {
        var plan = GridPlan.Of([2, 4, 8, 16, 32, 64], [1, 2, 3], quick: false);
        string[] names = [.. plan.Select(run => run.FileName)];

        Assert.Equal(names.Length, names.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.All(names, name => Assert.Matches("^[A-Za-z0-9._-]+$", name));
        Assert.Equal(plan.Count, plan.Distinct().Count());
    }

    [Fact]
    public void The_grid_holds_every_method_N_and_seed_and_one_beta_beyond()
    {
        var grid = GridPlan.Of([2, 4], [1, 2, 3], quick: false).Where(run => run.Study == "grid").ToArray();

        foreach (Method method in GridPlan.Methods)
            Assert.Equal(method == Method.KlConstrainedRl ? [2, 4, 8] : [2, 4], grid.Where(run => run.Method == method && run.Seed == 2).Select(run => run.N));
    }

    [Fact]
    public void The_quick_grid_has_every_method_and_every_study()
    {
        var quick = GridPlan.Of([2, 4], [1], quick: true);

        Assert.Equal(GridPlan.Methods.Order(), quick.Select(run => run.Method).Distinct().Order());
        Assert.Equal(GridPlan.Of([2, 4], [1], quick: false).Select(run => run.Study).Distinct().Order(), quick.Select(run => run.Study).Distinct().Order());
    }
}
