using System.CommandLine;
using Spoco.Cli.Training;

namespace Spoco.Cli.Commands;

/// <summary><c>spoco recipes</c></summary>
internal static class RecipesCommand
{
    public static Command Create()
    {
        var name = new Argument<string?>("name") { Description = "The recipe to print; without it, all are listed.", Arity = ArgumentArity.ZeroOrOne };
        var json = new Option<bool>("--json") { Description = "Print the recipe as a configuration file for spoco train --config." };
        var common = new CommonOptions();
        var command = new Command("recipes",
            "List the trainings of the paper that spoco train --recipe NAME repeats, or print every setting of one and where it comes from: the paper's appendix, "
            + "the authors' code, or nothing, where the choice is ours. Any option of spoco train overrides a recipe.") { name, json, common.Verbose }
            .WithExamples(
                "spoco recipes",
                "spoco recipes cvppp",
                "spoco recipes cvppp --json > mine.json",
                "spoco train --config mine.json --data CVPPP --out model");
        command.SetAction((result, _) =>
        {
            if (result.GetValue(name) is not { } wanted)
            {
                foreach (var recipe in Recipe.All)
                    Console.WriteLine($"{recipe.Name,-20}{recipe.Summary}");
                return Task.FromResult(Program.Success);
            }

            Print(Recipe.Named(wanted), result.GetValue(json));
            return Task.FromResult(Program.Success);
        });
        return command;
    }

    private static void Print(Recipe recipe, bool json)
    {
        var options = new TrainSettingOptions();
        if (json)
        {
            Console.WriteLine(options.ToJson(recipe.Settings));
            return;
        }

        Console.WriteLine($"{recipe.Name}: {recipe.Summary}");
        foreach (var (name, value) in options.Describe(recipe.Settings))
            Console.WriteLine($"  {"--" + name,-26}{value,-26}{recipe.Sources.GetValueOrDefault(name)}".TrimEnd());
    }
}
