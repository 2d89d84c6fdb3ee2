using System.CommandLine;
using Spectre.Console;
using Spoco.Kernels;

namespace Spoco.Cli.Commands;

/// <summary><c>spoco devices</c></summary>
internal static class DevicesCommand
{
    public static Command Create()
    {
        var command = new Command("devices", "List the compute devices of this machine, and for what cannot be used, why.")
            .WithExamples("spoco devices", "spoco train --data cells --out model --device opencl:0");
        command.SetAction(_ =>
        {
            var table = new Table().Border(TableBorder.Rounded).AddColumns("device", "hardware", "memory", "use");
            foreach (var device in ComputeDevice.List())
            {
                table.AddRow(Markup.Escape(device.Name), Markup.Escape(Terminal.Name(device.Description)),
                    device.MemoryBytes > 0 ? $"{device.MemoryBytes / (double)(1L << 30):0.0} GiB" : "",
                    device.Problem is null ? "yes" : Markup.Escape(Terminal.Line($"no: {device.Problem}")));
            }

            TableOutput.Write(table);
            return Program.Success;
        });
        return command;
    }
}
