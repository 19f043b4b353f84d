BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('v3.2.0.a');
CREATE TABLE elimnet_curves (
	trial_id INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	metrics JSON NOT NULL, 
	PRIMARY KEY (trial_id, epoch), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id) ON DELETE CASCADE
);
INSERT INTO "elimnet_curves" VALUES(1,1,'{"train_loss": 1.042067527770996, "train_accuracy": 0.5333333333333333, "train_f1_macro": 0.5405228758169934, "validation_loss": 1.0969487428665161, "validation_accuracy": 0.3333333333333333, "f1_macro": 0.16666666666666666, "learning_rate": 0.002, "seconds": 0.6817543200004366, "images_per_second": 58.49471148432559}');
INSERT INTO "elimnet_curves" VALUES(1,2,'{"train_loss": 0.6281835556030273, "train_accuracy": 0.9, "train_f1_macro": 0.901940842444275, "validation_loss": 1.034972071647644, "validation_accuracy": 0.6666666666666666, "f1_macro": 0.5555555555555555, "learning_rate": 0.0015, "seconds": 0.3295346159993642, "images_per_second": 111.75783549300266}');
INSERT INTO "elimnet_curves" VALUES(2,1,'{"train_loss": 1.2963762919108073, "train_accuracy": 0.16666666666666666, "train_f1_macro": 0.17989417989417988, "validation_loss": 1.0994824171066284, "validation_accuracy": 0.3333333333333333, "f1_macro": 0.16666666666666666, "learning_rate": 0.0027170755081523446, "seconds": 0.25905804600006377, "images_per_second": 188.14932330566782}');
INSERT INTO "elimnet_curves" VALUES(2,2,'{"train_loss": 0.9879373550415039, "train_accuracy": 0.6666666666666666, "train_f1_macro": 0.6660818713450292, "validation_loss": 1.0964241027832031, "validation_accuracy": 0.3333333333333333, "f1_macro": 0.16666666666666666, "learning_rate": 0.0020378066311142586, "seconds": 0.18365574900053616, "images_per_second": 359.9309810733843}');
INSERT INTO "elimnet_curves" VALUES(3,1,'{"train_loss": 1.2315559387207031, "train_accuracy": 0.3, "train_f1_macro": 0.2037037037037037, "validation_loss": 1.107865333557129, "validation_accuracy": 0.3333333333333333, "f1_macro": 0.16666666666666666, "learning_rate": 0.0008084029610113913, "seconds": 0.2523443270001735, "images_per_second": 154.97924205465512}');
INSERT INTO "elimnet_curves" VALUES(3,2,'{"train_loss": 1.2349231719970704, "train_accuracy": 0.26666666666666666, "train_f1_macro": 0.14035087719298245, "validation_loss": 1.0757170915603638, "validation_accuracy": 0.3333333333333333, "f1_macro": 0.16666666666666666, "learning_rate": 0.0006063022207585435, "seconds": 0.174688236998918, "images_per_second": 227.82723113908008}');
INSERT INTO "elimnet_curves" VALUES(4,1,'{"train_loss": 0.9700267791748047, "train_accuracy": 0.4666666666666667, "train_f1_macro": 0.4394409937888199, "validation_loss": 1.1029300689697266, "validation_accuracy": 0.3333333333333333, "f1_macro": 0.16666666666666666, "learning_rate": 0.0014110976761973954, "seconds": 0.4031702030006272, "images_per_second": 112.13495935745624}');
INSERT INTO "elimnet_curves" VALUES(4,2,'{"train_loss": 0.7755785624186198, "train_accuracy": 0.7333333333333333, "train_f1_macro": 0.7248677248677248, "validation_loss": 1.1009258031845093, "validation_accuracy": 0.3333333333333333, "f1_macro": 0.16666666666666666, "learning_rate": 0.0010583232571480467, "seconds": 0.2595912810011214, "images_per_second": 172.64575855474845}');
INSERT INTO "elimnet_curves" VALUES(5,1,'{"f1_macro": 0.5, "train_loss": 1.0, "validation_loss": 1.0, "seconds": 0.5}');
CREATE TABLE elimnet_leases (
	trial_id INTEGER NOT NULL, 
	worker VARCHAR(255) NOT NULL, 
	fence VARCHAR(32) NOT NULL, 
	status VARCHAR(8) NOT NULL, 
	heartbeat DOUBLE NOT NULL, 
	deaths INTEGER NOT NULL, 
	checkpoint TEXT, 
	epoch INTEGER, 
	counts BOOLEAN NOT NULL, 
	PRIMARY KEY (trial_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id) ON DELETE CASCADE
);
INSERT INTO "elimnet_leases" VALUES(1,'host-6265','44b7b5a954b544ec992b9404f2f7a9bc','done',1.79605581733601236344e+09,0,'b5ec1d9f-83fa-41ad-afe7-36c4eaabeb62',2,1);
INSERT INTO "elimnet_leases" VALUES(2,'host-6265','39a9edf3b503400daffa555ae1cf9668','done',1.79605582053201198581e+09,0,'083d8c56-9d4f-4814-9278-a299d2d12aac',2,1);
INSERT INTO "elimnet_leases" VALUES(3,'host-6265','c6403a833030494babea6cbd6c731395','done',1.79605582308001661298e+09,0,'f8da29ce-d865-4bc5-b0de-03a3d5338605',2,1);
INSERT INTO "elimnet_leases" VALUES(4,'host-6265','fbb4e6d3008d4dfb94e28f1e4a50ee76','done',1.79605582648398137092e+09,0,'5d5e56c6-0406-4bdc-a0be-4ccf373ef16a',2,1);
INSERT INTO "elimnet_leases" VALUES(5,'host-1','c606f50049324c96998b5dd03fe19106','free',1.79605585859899520876e+09,0,NULL,NULL,1);
CREATE TABLE elimnet_pulse (
	pulse_id INTEGER NOT NULL, 
	seen_at DOUBLE NOT NULL, 
	resumed_at DOUBLE NOT NULL, 
	PRIMARY KEY (pulse_id)
);
INSERT INTO "elimnet_pulse" VALUES(1,1.79605582486801743503e+09,1.79605581320600056647e+09);
CREATE TABLE elimnet_schema (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "elimnet_schema" VALUES(1);
CREATE TABLE studies (
	study_id INTEGER NOT NULL, 
	study_name VARCHAR(512) NOT NULL, 
	PRIMARY KEY (study_id)
);
INSERT INTO "studies" VALUES(1,'old/elimination');
INSERT INTO "studies" VALUES(2,'old/scratch');
CREATE TABLE study_directions (
	study_direction_id INTEGER NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	study_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	PRIMARY KEY (study_direction_id), 
	UNIQUE (study_id, objective), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_directions" VALUES(1,'MAXIMIZE',1,0);
INSERT INTO "study_directions" VALUES(2,'MINIMIZE',1,1);
INSERT INTO "study_directions" VALUES(3,'MAXIMIZE',2,0);
INSERT INTO "study_directions" VALUES(4,'MINIMIZE',2,1);
CREATE TABLE study_system_attributes (
	study_system_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_system_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_system_attributes" VALUES(1,1,'study:metric_names','["f1_macro", "parameters"]');
INSERT INTO "study_system_attributes" VALUES(2,2,'study:metric_names','["f1_macro", "parameters"]');
INSERT INTO "study_system_attributes" VALUES(3,1,'dashboard:artifacts:1:c1a100c3-47fe-4554-b7ba-7def4237b505','"{\"artifact_id\": \"c1a100c3-47fe-4554-b7ba-7def4237b505\", \"filename\": \"confusion_matrix.png\", \"mimetype\": \"image/png\", \"encoding\": null}"');
INSERT INTO "study_system_attributes" VALUES(4,1,'dashboard:artifacts:1:7275849c-6b6a-47bc-aa12-0b6840fe5a7a','"{\"artifact_id\": \"7275849c-6b6a-47bc-aa12-0b6840fe5a7a\", \"filename\": \"model_card.md\", \"mimetype\": \"text/markdown\", \"encoding\": null}"');
INSERT INTO "study_system_attributes" VALUES(5,1,'dashboard:artifacts:1:5058fd59-cff1-444e-88ca-5d3e508bd12a','"{\"artifact_id\": \"5058fd59-cff1-444e-88ca-5d3e508bd12a\", \"filename\": \"model.safetensors\", \"mimetype\": \"application/octet-stream\", \"encoding\": null}"');
INSERT INTO "study_system_attributes" VALUES(6,1,'dashboard:artifacts:1:80ef1227-b2cb-494f-8505-c0486014afd7','"{\"artifact_id\": \"80ef1227-b2cb-494f-8505-c0486014afd7\", \"filename\": \"model.json\", \"mimetype\": \"application/json\", \"encoding\": null}"');
INSERT INTO "study_system_attributes" VALUES(7,1,'elimnet:turn:feed','1796055819.2519948');
INSERT INTO "study_system_attributes" VALUES(8,1,'dashboard:note_ver','2');
INSERT INTO "study_system_attributes" VALUES(9,1,'dashboard:note_str:0','"## old: elimination\n\n- **Searched:** cuts of `test_resnet` (random weights) with heads `pool_linear`, `conv1x1`, `conv3x3`, `multi_tap`; pictures of 32 px, at most 5,000,000 parameters\n- **Data:** pictures (fingerprint f46c867ed31f), 3 classes, 30 train, 9 validation, 9 test pictures\n- **Budget:** 2 trials\n- **Trials so far:** 2 complete; 0.0 minutes of training\n- **Best F1:** 0.556 with 372,979 parameters ([elimination 0](/dashboard/studies/1/trials?numbers=0))\n- **Hypervolume:** 0.2307, 78 % of the joint 0.2972, which would lose 0.1389 without this study; 1 of the 2 on the joint front are from here\n\n### Joint front of elimination, scratch\n\n| \u00a0trial\u00a0 | \u00a0F1\u00a0 | \u00a0parameters\u00a0 | \u00a0MACs\u00a0 | \u00a0% F1\u00a0 | \u00a0% par.\u00a0 | \u00a0network\u00a0 |\n| --- | ---: | ---: | ---: | ---: | ---: | --- |\n| \u00a0[scratch 0](/dashboard/studies/2/trials?numbers=0)\u00a0 | \u00a00.167\u00a0 | \u00a01,587\u00a0 | \u00a0356k\u00a0 | \u00a030 %\u00a0 | \u00a00.4 %\u00a0 | \u00a0irv3\\_c16 + pool\\_linear, 32 px\u00a0 |\n| \u00a0[elimination 0](/dashboard/studies/1/trials?numbers=0)\u00a0 | \u00a00.556\u00a0 | \u00a0372,979\u00a0 | \u00a04.1M\u00a0 | \u00a0100 %\u00a0 | \u00a0100 %\u00a0 | \u00a0test\\_resnet uncut, 32 px\u00a0 |\n\nF1 is validation macro F1, not a test score. Hypervolume, 0 to 1: area under the front with F1 from 0 to 1 and log10(parameters) from 1k to 10M, that is the best F1 under a parameter limit, averaged over limits from 1k to 10M on a log scale.\n\n*Written by the search. A note without this line is taken for a person''s, and stays as it is.*"');
INSERT INTO "study_system_attributes" VALUES(10,1,'dashboard:1:note_ver','2');
INSERT INTO "study_system_attributes" VALUES(11,1,'dashboard:1:note_str:0','"## On the joint front: F1 0.556 with 372,979 parameters and 4.1M MACs\n\nNo candidate of any study is better with as few parameters, or as good with fewer. The next smaller one on the front, [scratch 0](/dashboard/studies/2/trials?numbers=0), has 0.4 % of its parameters and 0.389 less F1.\n\n**Network:** The whole backbone `test_resnet` with random weights and a new last layer. Its head: the backbone''s own pooling, dropout 0.10, a linear layer. Pictures of 32 px.\n\n**Recipe:** 2 epochs of batches of 16; AdamW, learning rate 0.003 after 1 epoch of warm-up, then a cosine to 0; weight decay 0.05; label smoothing 0.1; augmentation 0.50 of 1, without mirroring; gradients clipped at 1. Seed 0.\n\n**Model:** `confusion_matrix.png`, `model.json`, `model.safetensors`, `model_card.md` are among this trial''s artifacts.\n\n*Written by the search. A note without this line is taken for a person''s, and stays as it is.*"');
INSERT INTO "study_system_attributes" VALUES(12,1,'dashboard:plot_data:joint-front:0','"{\"data\": [{\"type\": \"scatter\", \"mode\": \"lines\", \"name\": \"joint front\", \"x\": [1587.0, 372979.0, 372979.0], \"y\": [0.16666666666666666, 0.5555555555555555, 0.5555555555555555], \"line\": {\"shape\": \"hv\", \"color\": \"#555555\", \"width\": 1.5}, \"hoverinfo\": \"skip\"}, {\"type\": \"scatter\", \"mode\": \"markers\", \"name\": \"elimination: its own front\", \"marker\": {\"size\": 9, \"color\": \"#0072B2\", \"symbol\": \"circle-open\", \"line\": {\"width\": 2}}, \"x\": [62659.0], \"y\": [0.16666666666666666], \"text\": [\"elimination 1, on the study front<br>test_resnet to layer2.0 + multi_tap<br>layer1.0, 32 px<br>F1 0.167 (n 1)<br>95 % over other pictures: .167-.167<br>62,659 parameters, 3.64M MACs<br>of the uncut network: 30 % of its F1<br>and 17 % of its parameters<br><br>{network: {image_size: 32, classes: 3, mean:<br>[0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], head:<br>{kind: multi_tap, taps: [layer1.0], dropout:<br>0.3878835427069562}, family: eliminated,<br>backbone: test_resnet, cut: layer2.0},<br>initial_weights: random, recipe: {epochs: 2,<br>batch_size: 16, optimizer: adamw,<br>learning_rate: 0.001212604441517087,<br>trunk_learning_rate: 1.0, weight_decay:<br>0.01611517979851551, momentum: 0.9,<br>warmup_epochs: 1.0, label_smoothing: 0.1,<br>gradient_clip: 1.0, augmentation:<br>0.8930116508041218, first_size: 1.0, flip:<br>false, frozen_stages: 0, class_balance:<br>none, distillation: 0.0}}\"], \"hovertemplate\": \"%{text}<extra></extra>\", \"error_y\": {\"symmetric\": false, \"array\": [0.0], \"arrayminus\": [0.0], \"width\": 0, \"thickness\": 1}}, {\"type\": \"scatter\", \"mode\": \"markers\", \"name\": \"elimination: joint front\", \"marker\": {\"size\": 11, \"color\": \"#0072B2\", \"symbol\": \"circle\"}, \"x\": [372979.0], \"y\": [0.5555555555555555], \"text\": [\"elimination 0, on the joint front<br>test_resnet uncut, 32 px<br>F1 0.556 (n 1)<br>95 % over other pictures: .556-.556<br>372,979 parameters, 4.1M MACs<br>of the uncut network: 100 % of its F1<br>and 100 % of its parameters<br><br>{network: {image_size: 32, classes: 3, mean:<br>[0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], head:<br>{kind: origi"');
INSERT INTO "study_system_attributes" VALUES(13,1,'dashboard:plot_data:joint-front:1','"nal, dropout: 0.1}, family:<br>eliminated, backbone: test_resnet},<br>initial_weights: random, recipe: {epochs: 2,<br>batch_size: 16, optimizer: adamw,<br>learning_rate: 0.003, trunk_learning_rate:<br>1.0, weight_decay: 0.05, momentum: 0.9,<br>warmup_epochs: 1.0, label_smoothing: 0.1,<br>gradient_clip: 1.0, augmentation: 0.5,<br>first_size: 1.0, flip: false, frozen_stages:<br>0, class_balance: none, distillation: 0.0}}\"], \"hovertemplate\": \"%{text}<extra></extra>\", \"error_y\": {\"symmetric\": false, \"array\": [6.622738357719982e-09], \"arrayminus\": [0.0], \"width\": 0, \"thickness\": 1}}, {\"type\": \"scatter\", \"mode\": \"markers\", \"name\": \"scratch: others\", \"marker\": {\"size\": 7, \"opacity\": 0.3, \"color\": \"#D55E00\", \"symbol\": \"triangle-up\"}, \"x\": [26947.0], \"y\": [0.16666666666666666], \"text\": [\"scratch 1<br>dwconv_c16_r2_s2 irv3_c32_r2_s2 +<br>pool_linear, 32 px<br>F1 0.167 (n 1)<br>26,947 parameters, 538k MACs<br>of the uncut network: 30 % of its F1<br>and 7.2 % of its parameters\"], \"hovertemplate\": \"%{text}<extra></extra>\"}, {\"type\": \"scatter\", \"mode\": \"markers\", \"name\": \"scratch: joint front\", \"marker\": {\"size\": 11, \"color\": \"#D55E00\", \"symbol\": \"triangle-up\"}, \"x\": [1587.0], \"y\": [0.16666666666666666], \"text\": [\"scratch 0, on the joint front<br>irv3_c16 + pool_linear, 32 px<br>F1 0.167 (n 1)<br>95 % over other pictures: .167-.167<br>1,587 parameters, 356k MACs<br>of the uncut network: 30 % of its F1<br>and 0.4 % of its parameters<br><br>{network: {image_size: 32, classes: 3, mean:<br>[0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], head:<br>{kind: pool_linear, dropout:<br>0.28011722616643653}, family: scratch,<br>stem_channels: 8, stages: [{block:<br>inverted_residual_v3, channels: 16, repeats:<br>1, kernel: 5, stride: 1, activation:<br>hard_swish, expansion: 3.0,<br>squeeze_excitation: false, stochastic_depth:<br>0.0}]}, initial_weights: random, recipe:<br>{epochs: 2, batch_size: 16, optimizer:<br>adamw, learning_rate: 0.004075613262228517,<br>trunk_learning_rate: 1.0, weight_decay:<br>0.009794615476341353, momentum: 0.9,<br>warmu"');
INSERT INTO "study_system_attributes" VALUES(14,1,'dashboard:plot_data:learning-curves:0','"{\"data\": [{\"type\": \"scatter\", \"mode\": \"lines\", \"name\": \"scratch 0, #0\", \"showlegend\": false, \"x\": [1, 2], \"y\": [0.16666666666666666, 0.16666666666666666], \"line\": {\"color\": \"#D55E00\", \"width\": 1.5}, \"opacity\": 0.75, \"hovertemplate\": \"epoch %{x}: F1 %{y:.3f}<br>%{fullData.name}<extra></extra>\"}, {\"type\": \"scatter\", \"mode\": \"lines\", \"name\": \"elimination 0, uncut test_resnet\", \"showlegend\": false, \"x\": [1, 2], \"y\": [0.16666666666666666, 0.5555555555555555], \"line\": {\"color\": \"#0072B2\", \"width\": 1.5}, \"opacity\": 0.75, \"hovertemplate\": \"epoch %{x}: F1 %{y:.3f}<br>%{fullData.name}<extra></extra>\"}], \"layout\": {\"xaxis\": {\"gridcolor\": \"#e4e4e4\", \"zeroline\": false, \"linecolor\": \"#222222\", \"ticks\": \"outside\", \"automargin\": true, \"title\": {\"text\": \"epoch\"}, \"dtick\": 1}, \"yaxis\": {\"gridcolor\": \"#e4e4e4\", \"zeroline\": false, \"linecolor\": \"#222222\", \"ticks\": \"outside\", \"automargin\": true, \"title\": {\"text\": \"validation macro F1\"}}, \"font\": {\"color\": \"#222222\", \"size\": 13, \"family\": \"system-ui, sans-serif\"}, \"paper_bgcolor\": \"#ffffff\", \"plot_bgcolor\": \"#ffffff\", \"hovermode\": \"closest\", \"hoverlabel\": {\"align\": \"left\", \"bgcolor\": \"#ffffff\", \"font\": {\"size\": 12, \"color\": \"#222222\"}}, \"legend\": {\"orientation\": \"h\", \"yref\": \"container\", \"y\": 0.01, \"yanchor\": \"bottom\"}, \"margin\": {\"l\": 56, \"r\": 16, \"t\": 56, \"b\": 56}, \"title\": {\"text\": \"Learning curves of the joint front\", \"x\": 0.02, \"font\": {\"size\": 18}}}}"');
INSERT INTO "study_system_attributes" VALUES(15,2,'dashboard:note_ver','2');
INSERT INTO "study_system_attributes" VALUES(16,2,'dashboard:note_str:0','"## old: scratch\n\n- **Searched:** networks from random weights, 1 to 2 stages of dwconv, inverted_residual_v3, mbconv; pictures of 32 px, at most 5,000,000 parameters\n- **Data:** pictures (fingerprint f46c867ed31f), 3 classes, 30 train, 9 validation, 9 test pictures\n- **Budget:** 2 trials\n- **Trials so far:** 2 complete; 0.0 minutes of training\n- **Best F1:** 0.167 with 1,587 parameters ([scratch 0](/dashboard/studies/2/trials?numbers=0))\n- **Hypervolume:** 0.1583, 53 % of the joint 0.2972, which would lose 0.0665 without this study; 1 of the 2 on the joint front are from here\n\n### Joint front of elimination, scratch\n\n| \u00a0trial\u00a0 | \u00a0F1\u00a0 | \u00a0parameters\u00a0 | \u00a0MACs\u00a0 | \u00a0% F1\u00a0 | \u00a0% par.\u00a0 | \u00a0network\u00a0 |\n| --- | ---: | ---: | ---: | ---: | ---: | --- |\n| \u00a0[scratch 0](/dashboard/studies/2/trials?numbers=0)\u00a0 | \u00a00.167\u00a0 | \u00a01,587\u00a0 | \u00a0356k\u00a0 | \u00a030 %\u00a0 | \u00a00.4 %\u00a0 | \u00a0irv3\\_c16 + pool\\_linear, 32 px\u00a0 |\n| \u00a0[elimination 0](/dashboard/studies/1/trials?numbers=0)\u00a0 | \u00a00.556\u00a0 | \u00a0372,979\u00a0 | \u00a04.1M\u00a0 | \u00a0100 %\u00a0 | \u00a0100 %\u00a0 | \u00a0test\\_resnet uncut, 32 px\u00a0 |\n\nF1 is validation macro F1, not a test score. Hypervolume, 0 to 1: area under the front with F1 from 0 to 1 and log10(parameters) from 1k to 10M, that is the best F1 under a parameter limit, averaged over limits from 1k to 10M on a log scale.\n\n*Written by the search. A note without this line is taken for a person''s, and stays as it is.*"');
INSERT INTO "study_system_attributes" VALUES(17,2,'dashboard:plot_data:joint-front:0','"{\"data\": [{\"type\": \"scatter\", \"mode\": \"lines\", \"name\": \"joint front\", \"x\": [1587.0, 372979.0, 372979.0], \"y\": [0.16666666666666666, 0.5555555555555555, 0.5555555555555555], \"line\": {\"shape\": \"hv\", \"color\": \"#555555\", \"width\": 1.5}, \"hoverinfo\": \"skip\"}, {\"type\": \"scatter\", \"mode\": \"markers\", \"name\": \"elimination: its own front\", \"marker\": {\"size\": 9, \"color\": \"#0072B2\", \"symbol\": \"circle-open\", \"line\": {\"width\": 2}}, \"x\": [62659.0], \"y\": [0.16666666666666666], \"text\": [\"elimination 1, on the study front<br>test_resnet to layer2.0 + multi_tap<br>layer1.0, 32 px<br>F1 0.167 (n 1)<br>95 % over other pictures: .167-.167<br>62,659 parameters, 3.64M MACs<br>of the uncut network: 30 % of its F1<br>and 17 % of its parameters<br><br>{network: {image_size: 32, classes: 3, mean:<br>[0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], head:<br>{kind: multi_tap, taps: [layer1.0], dropout:<br>0.3878835427069562}, family: eliminated,<br>backbone: test_resnet, cut: layer2.0},<br>initial_weights: random, recipe: {epochs: 2,<br>batch_size: 16, optimizer: adamw,<br>learning_rate: 0.001212604441517087,<br>trunk_learning_rate: 1.0, weight_decay:<br>0.01611517979851551, momentum: 0.9,<br>warmup_epochs: 1.0, label_smoothing: 0.1,<br>gradient_clip: 1.0, augmentation:<br>0.8930116508041218, first_size: 1.0, flip:<br>false, frozen_stages: 0, class_balance:<br>none, distillation: 0.0}}\"], \"hovertemplate\": \"%{text}<extra></extra>\", \"error_y\": {\"symmetric\": false, \"array\": [0.0], \"arrayminus\": [0.0], \"width\": 0, \"thickness\": 1}}, {\"type\": \"scatter\", \"mode\": \"markers\", \"name\": \"elimination: joint front\", \"marker\": {\"size\": 11, \"color\": \"#0072B2\", \"symbol\": \"circle\"}, \"x\": [372979.0], \"y\": [0.5555555555555555], \"text\": [\"elimination 0, on the joint front<br>test_resnet uncut, 32 px<br>F1 0.556 (n 1)<br>95 % over other pictures: .556-.556<br>372,979 parameters, 4.1M MACs<br>of the uncut network: 100 % of its F1<br>and 100 % of its parameters<br><br>{network: {image_size: 32, classes: 3, mean:<br>[0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], head:<br>{kind: origi"');
INSERT INTO "study_system_attributes" VALUES(18,2,'dashboard:plot_data:joint-front:1','"nal, dropout: 0.1}, family:<br>eliminated, backbone: test_resnet},<br>initial_weights: random, recipe: {epochs: 2,<br>batch_size: 16, optimizer: adamw,<br>learning_rate: 0.003, trunk_learning_rate:<br>1.0, weight_decay: 0.05, momentum: 0.9,<br>warmup_epochs: 1.0, label_smoothing: 0.1,<br>gradient_clip: 1.0, augmentation: 0.5,<br>first_size: 1.0, flip: false, frozen_stages:<br>0, class_balance: none, distillation: 0.0}}\"], \"hovertemplate\": \"%{text}<extra></extra>\", \"error_y\": {\"symmetric\": false, \"array\": [6.622738357719982e-09], \"arrayminus\": [0.0], \"width\": 0, \"thickness\": 1}}, {\"type\": \"scatter\", \"mode\": \"markers\", \"name\": \"scratch: others\", \"marker\": {\"size\": 7, \"opacity\": 0.3, \"color\": \"#D55E00\", \"symbol\": \"triangle-up\"}, \"x\": [26947.0], \"y\": [0.16666666666666666], \"text\": [\"scratch 1<br>dwconv_c16_r2_s2 irv3_c32_r2_s2 +<br>pool_linear, 32 px<br>F1 0.167 (n 1)<br>26,947 parameters, 538k MACs<br>of the uncut network: 30 % of its F1<br>and 7.2 % of its parameters\"], \"hovertemplate\": \"%{text}<extra></extra>\"}, {\"type\": \"scatter\", \"mode\": \"markers\", \"name\": \"scratch: joint front\", \"marker\": {\"size\": 11, \"color\": \"#D55E00\", \"symbol\": \"triangle-up\"}, \"x\": [1587.0], \"y\": [0.16666666666666666], \"text\": [\"scratch 0, on the joint front<br>irv3_c16 + pool_linear, 32 px<br>F1 0.167 (n 1)<br>95 % over other pictures: .167-.167<br>1,587 parameters, 356k MACs<br>of the uncut network: 30 % of its F1<br>and 0.4 % of its parameters<br><br>{network: {image_size: 32, classes: 3, mean:<br>[0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], head:<br>{kind: pool_linear, dropout:<br>0.28011722616643653}, family: scratch,<br>stem_channels: 8, stages: [{block:<br>inverted_residual_v3, channels: 16, repeats:<br>1, kernel: 5, stride: 1, activation:<br>hard_swish, expansion: 3.0,<br>squeeze_excitation: false, stochastic_depth:<br>0.0}]}, initial_weights: random, recipe:<br>{epochs: 2, batch_size: 16, optimizer:<br>adamw, learning_rate: 0.004075613262228517,<br>trunk_learning_rate: 1.0, weight_decay:<br>0.009794615476341353, momentum: 0.9,<br>warmu"');
INSERT INTO "study_system_attributes" VALUES(19,2,'dashboard:plot_data:learning-curves:0','"{\"data\": [{\"type\": \"scatter\", \"mode\": \"lines\", \"name\": \"scratch 0, #0\", \"showlegend\": false, \"x\": [1, 2], \"y\": [0.16666666666666666, 0.16666666666666666], \"line\": {\"color\": \"#D55E00\", \"width\": 1.5}, \"opacity\": 0.75, \"hovertemplate\": \"epoch %{x}: F1 %{y:.3f}<br>%{fullData.name}<extra></extra>\"}, {\"type\": \"scatter\", \"mode\": \"lines\", \"name\": \"elimination 0, uncut test_resnet\", \"showlegend\": false, \"x\": [1, 2], \"y\": [0.16666666666666666, 0.5555555555555555], \"line\": {\"color\": \"#0072B2\", \"width\": 1.5}, \"opacity\": 0.75, \"hovertemplate\": \"epoch %{x}: F1 %{y:.3f}<br>%{fullData.name}<extra></extra>\"}], \"layout\": {\"xaxis\": {\"gridcolor\": \"#e4e4e4\", \"zeroline\": false, \"linecolor\": \"#222222\", \"ticks\": \"outside\", \"automargin\": true, \"title\": {\"text\": \"epoch\"}, \"dtick\": 1}, \"yaxis\": {\"gridcolor\": \"#e4e4e4\", \"zeroline\": false, \"linecolor\": \"#222222\", \"ticks\": \"outside\", \"automargin\": true, \"title\": {\"text\": \"validation macro F1\"}}, \"font\": {\"color\": \"#222222\", \"size\": 13, \"family\": \"system-ui, sans-serif\"}, \"paper_bgcolor\": \"#ffffff\", \"plot_bgcolor\": \"#ffffff\", \"hovermode\": \"closest\", \"hoverlabel\": {\"align\": \"left\", \"bgcolor\": \"#ffffff\", \"font\": {\"size\": 12, \"color\": \"#222222\"}}, \"legend\": {\"orientation\": \"h\", \"yref\": \"container\", \"y\": 0.01, \"yanchor\": \"bottom\"}, \"margin\": {\"l\": 56, \"r\": 16, \"t\": 56, \"b\": 56}, \"title\": {\"text\": \"Learning curves of the joint front\", \"x\": 0.02, \"font\": {\"size\": 18}}}}"');
INSERT INTO "study_system_attributes" VALUES(20,2,'dashboard:artifacts:2:6de98b98-8d45-4059-91bf-c88ad5c64b88','"{\"artifact_id\": \"6de98b98-8d45-4059-91bf-c88ad5c64b88\", \"filename\": \"confusion_matrix.png\", \"mimetype\": \"image/png\", \"encoding\": null}"');
INSERT INTO "study_system_attributes" VALUES(21,2,'dashboard:artifacts:2:e8ebe0f9-5e25-46c7-87d1-8e24cbadd816','"{\"artifact_id\": \"e8ebe0f9-5e25-46c7-87d1-8e24cbadd816\", \"filename\": \"model_card.md\", \"mimetype\": \"text/markdown\", \"encoding\": null}"');
INSERT INTO "study_system_attributes" VALUES(22,2,'dashboard:artifacts:2:c0a38279-e12c-41f2-808e-99d47e00a2c4','"{\"artifact_id\": \"c0a38279-e12c-41f2-808e-99d47e00a2c4\", \"filename\": \"model.safetensors\", \"mimetype\": \"application/octet-stream\", \"encoding\": null}"');
INSERT INTO "study_system_attributes" VALUES(23,2,'dashboard:artifacts:2:860f3ed2-0a38-45ac-9e72-f488445b9fd3','"{\"artifact_id\": \"860f3ed2-0a38-45ac-9e72-f488445b9fd3\", \"filename\": \"model.json\", \"mimetype\": \"application/json\", \"encoding\": null}"');
INSERT INTO "study_system_attributes" VALUES(24,1,'dashboard:artifacts:3:9606d78d-a545-4d29-b5f8-257607c0b6b2','"{\"artifact_id\": \"9606d78d-a545-4d29-b5f8-257607c0b6b2\", \"filename\": \"confusion_matrix.png\", \"mimetype\": \"image/png\", \"encoding\": null}"');
INSERT INTO "study_system_attributes" VALUES(25,1,'dashboard:artifacts:3:aaa3e854-880b-459d-8df0-a679a2c44a44','"{\"artifact_id\": \"aaa3e854-880b-459d-8df0-a679a2c44a44\", \"filename\": \"model_card.md\", \"mimetype\": \"text/markdown\", \"encoding\": null}"');
INSERT INTO "study_system_attributes" VALUES(26,1,'dashboard:artifacts:3:8af1cbee-007e-4bf9-9291-fa23104fef86','"{\"artifact_id\": \"8af1cbee-007e-4bf9-9291-fa23104fef86\", \"filename\": \"model.safetensors\", \"mimetype\": \"application/octet-stream\", \"encoding\": null}"');
INSERT INTO "study_system_attributes" VALUES(27,1,'dashboard:artifacts:3:9346b1a0-6d20-42f2-95a9-1442b43db7fa','"{\"artifact_id\": \"9346b1a0-6d20-42f2-95a9-1442b43db7fa\", \"filename\": \"model.json\", \"mimetype\": \"application/json\", \"encoding\": null}"');
INSERT INTO "study_system_attributes" VALUES(28,1,'dashboard:plot_data:joint-front:2','"p_epochs: 1.0, label_smoothing: 0.1,<br>gradient_clip: 1.0, augmentation:<br>0.16479835810155424, first_size: 1.0, flip:<br>false, frozen_stages: 0, class_balance:<br>none, distillation: 0.0}}\"], \"hovertemplate\": \"%{text}<extra></extra>\", \"error_y\": {\"symmetric\": false, \"array\": [0.0], \"arrayminus\": [0.0], \"width\": 0, \"thickness\": 1}}, {\"type\": \"scatter\", \"mode\": \"markers\", \"name\": \"uncut network\", \"marker\": {\"size\": 15, \"color\": \"#ffffff\", \"symbol\": \"star\", \"line\": {\"width\": 1.5, \"color\": \"#000000\"}}, \"x\": [372979.0], \"y\": [0.5555555555555555], \"text\": [\"elimination 0, on the joint front<br>test_resnet uncut, 32 px<br>F1 0.556 (n 1)<br>95 % over other pictures: .556-.556<br>372,979 parameters, 4.1M MACs<br>of the uncut network: 100 % of its F1<br>and 100 % of its parameters<br><br>{network: {image_size: 32, classes: 3, mean:<br>[0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], head:<br>{kind: original, dropout: 0.1}, family:<br>eliminated, backbone: test_resnet},<br>initial_weights: random, recipe: {epochs: 2,<br>batch_size: 16, optimizer: adamw,<br>learning_rate: 0.003, trunk_learning_rate:<br>1.0, weight_decay: 0.05, momentum: 0.9,<br>warmup_epochs: 1.0, label_smoothing: 0.1,<br>gradient_clip: 1.0, augmentation: 0.5,<br>first_size: 1.0, flip: false, frozen_stages:<br>0, class_balance: none, distillation: 0.0}}\"], \"hovertemplate\": \"%{text}<extra></extra>\", \"error_y\": {\"symmetric\": false, \"array\": [6.622738357719982e-09], \"arrayminus\": [0.0], \"width\": 0, \"thickness\": 1}}], \"layout\": {\"xaxis\": {\"gridcolor\": \"#e4e4e4\", \"zeroline\": false, \"linecolor\": \"#222222\", \"ticks\": \"outside\", \"automargin\": true, \"type\": \"log\", \"title\": {\"text\": \"parameters (log scale)\"}, \"range\": [3.080576926754848, 5.6916843802246015], \"tickvals\": [1000.0, 10000.0, 100000.0, 1000000.0], \"ticktext\": [\"1k\", \"10k\", \"100k\", \"1M\"]}, \"yaxis\": {\"gridcolor\": \"#e4e4e4\", \"zeroline\": false, \"linecolor\": \"#222222\", \"ticks\": \"outside\", \"automargin\": true, \"title\": {\"text\": \"validation macro F1\"}}, \"font\": {\"color\": \"#222222\", \"size\": 13, \"family\": \"system-ui, sa"');
INSERT INTO "study_system_attributes" VALUES(29,1,'dashboard:plot_data:joint-front:3','"ns-serif\"}, \"paper_bgcolor\": \"#ffffff\", \"plot_bgcolor\": \"#ffffff\", \"hovermode\": \"closest\", \"hoverlabel\": {\"align\": \"left\", \"bgcolor\": \"#ffffff\", \"font\": {\"size\": 12, \"color\": \"#222222\"}}, \"legend\": {\"orientation\": \"h\", \"yref\": \"container\", \"y\": 0.01, \"yanchor\": \"bottom\"}, \"margin\": {\"l\": 56, \"r\": 16, \"t\": 56, \"b\": 56}, \"title\": {\"text\": \"Joint front of all studies<br><sub>bars: 95 % over other pictures</sub>\", \"x\": 0.02, \"font\": {\"size\": 18}}}}"');
INSERT INTO "study_system_attributes" VALUES(30,2,'dashboard:2:note_ver','1');
INSERT INTO "study_system_attributes" VALUES(31,2,'dashboard:2:note_str:0','"## On the joint front: F1 0.167 with 1,587 parameters and 356k MACs\n\nNo candidate of any study is better with as few parameters, or as good with fewer. The next larger one, [elimination 0](/dashboard/studies/1/trials?numbers=0), has 235.0 times its parameters and 0.389 more F1.\n\n**Network:** Built from random weights: a stem of 8 channels and stride 2, then 1 \u00d7 inverted_residual_v3 of 16 channels, kernel 5, expansion 3, hard_swish. Its head: global average pooling, dropout 0.28, a linear layer. Pictures of 32 px.\n\n**Recipe:** 2 epochs of batches of 16; AdamW, learning rate 0.00408 after 1 epoch of warm-up, then a cosine to 0; weight decay 0.00979; label smoothing 0.1; augmentation 0.16 of 1, without mirroring; gradients clipped at 1. Seed 0.\n\n**Model:** `confusion_matrix.png`, `model.json`, `model.safetensors`, `model_card.md` are among this trial''s artifacts.\n\n*Written by the search. A note without this line is taken for a person''s, and stays as it is.*"');
INSERT INTO "study_system_attributes" VALUES(32,2,'dashboard:plot_data:joint-front:2','"p_epochs: 1.0, label_smoothing: 0.1,<br>gradient_clip: 1.0, augmentation:<br>0.16479835810155424, first_size: 1.0, flip:<br>false, frozen_stages: 0, class_balance:<br>none, distillation: 0.0}}\"], \"hovertemplate\": \"%{text}<extra></extra>\", \"error_y\": {\"symmetric\": false, \"array\": [0.0], \"arrayminus\": [0.0], \"width\": 0, \"thickness\": 1}}, {\"type\": \"scatter\", \"mode\": \"markers\", \"name\": \"uncut network\", \"marker\": {\"size\": 15, \"color\": \"#ffffff\", \"symbol\": \"star\", \"line\": {\"width\": 1.5, \"color\": \"#000000\"}}, \"x\": [372979.0], \"y\": [0.5555555555555555], \"text\": [\"elimination 0, on the joint front<br>test_resnet uncut, 32 px<br>F1 0.556 (n 1)<br>95 % over other pictures: .556-.556<br>372,979 parameters, 4.1M MACs<br>of the uncut network: 100 % of its F1<br>and 100 % of its parameters<br><br>{network: {image_size: 32, classes: 3, mean:<br>[0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], head:<br>{kind: original, dropout: 0.1}, family:<br>eliminated, backbone: test_resnet},<br>initial_weights: random, recipe: {epochs: 2,<br>batch_size: 16, optimizer: adamw,<br>learning_rate: 0.003, trunk_learning_rate:<br>1.0, weight_decay: 0.05, momentum: 0.9,<br>warmup_epochs: 1.0, label_smoothing: 0.1,<br>gradient_clip: 1.0, augmentation: 0.5,<br>first_size: 1.0, flip: false, frozen_stages:<br>0, class_balance: none, distillation: 0.0}}\"], \"hovertemplate\": \"%{text}<extra></extra>\", \"error_y\": {\"symmetric\": false, \"array\": [6.622738357719982e-09], \"arrayminus\": [0.0], \"width\": 0, \"thickness\": 1}}], \"layout\": {\"xaxis\": {\"gridcolor\": \"#e4e4e4\", \"zeroline\": false, \"linecolor\": \"#222222\", \"ticks\": \"outside\", \"automargin\": true, \"type\": \"log\", \"title\": {\"text\": \"parameters (log scale)\"}, \"range\": [3.080576926754848, 5.6916843802246015], \"tickvals\": [1000.0, 10000.0, 100000.0, 1000000.0], \"ticktext\": [\"1k\", \"10k\", \"100k\", \"1M\"]}, \"yaxis\": {\"gridcolor\": \"#e4e4e4\", \"zeroline\": false, \"linecolor\": \"#222222\", \"ticks\": \"outside\", \"automargin\": true, \"title\": {\"text\": \"validation macro F1\"}}, \"font\": {\"color\": \"#222222\", \"size\": 13, \"family\": \"system-ui, sa"');
INSERT INTO "study_system_attributes" VALUES(33,2,'dashboard:plot_data:joint-front:3','"ns-serif\"}, \"paper_bgcolor\": \"#ffffff\", \"plot_bgcolor\": \"#ffffff\", \"hovermode\": \"closest\", \"hoverlabel\": {\"align\": \"left\", \"bgcolor\": \"#ffffff\", \"font\": {\"size\": 12, \"color\": \"#222222\"}}, \"legend\": {\"orientation\": \"h\", \"yref\": \"container\", \"y\": 0.01, \"yanchor\": \"bottom\"}, \"margin\": {\"l\": 56, \"r\": 16, \"t\": 56, \"b\": 56}, \"title\": {\"text\": \"Joint front of all studies<br><sub>bars: 95 % over other pictures</sub>\", \"x\": 0.02, \"font\": {\"size\": 18}}}}"');
CREATE TABLE study_user_attributes (
	study_user_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_user_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_user_attributes" VALUES(1,1,'space','"elimination"');
INSERT INTO "study_user_attributes" VALUES(2,1,'settings','{"name": "old", "data": {"source": "folder", "path": "/home/me/pictures", "annotations": "annotations.json", "class_of_category": {}, "validation_share": 0.2, "test_share": 0.2, "split_seed": 0, "fit": "stretch", "unreadable": "refuse", "max_pixels": 100000000}, "studies": {"elimination": {"image_sizes": [32], "learning_rate": {"low": 0.001, "high": 0.01, "log": true}, "weight_decay": {"low": 0.001, "high": 0.1, "log": true}, "dropout": {"low": 0.0, "high": 0.4, "log": false}, "augmentation": {"low": 0.0, "high": 1.0, "log": false}, "distillation": [0.0], "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.003, "trunk_learning_rate": 0.3, "weight_decay": 0.05, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "augmentation": 0.5, "first_size": 1.0, "flip": false, "frozen_stages": 0, "class_balance": "none", "distillation": 0.0}, "max_parameters": 5000000, "space": "elimination", "backbones": ["test_resnet"], "uncut": true, "heads": ["pool_linear", "conv1x1", "conv3x3", "multi_tap"], "head_widths": [64, 128, 256], "max_convolutions": 3, "trunk_learning_rate": {"low": 0.1, "high": 1.0, "log": true}, "max_frozen_stages": 3, "initial_weights": "random", "profile": true}, "scratch": {"image_sizes": [32], "learning_rate": {"low": 0.001, "high": 0.01, "log": true}, "weight_decay": {"low": 0.001, "high": 0.1, "log": true}, "dropout": {"low": 0.0, "high": 0.4, "log": false}, "augmentation": {"low": 0.0, "high": 0.5, "log": false}, "distillation": [0.0], "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.003, "trunk_learning_rate": 0.3, "weight_decay": 0.05, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "augmentation": 0.5, "first_size": 1.0, "flip": false, "frozen_stages": 0, "class_balance": "none", "distillation": 0.0}, "max_parameters": 5000000, "space": "scratch", "blocks": ["dwconv", "inverted_residual_v3", "mbconv"], "stages": [1, 2], "stem_channels": [8, 16, 24], "widths": [16, 32], "max_repeats": 1, "kernels": [3, 5], "expansions": [2.0, 3.0, 4.0, 6.0], "activations": ["relu", "hard_swish", "silu"], "stochastic_depths": [0.0, 0.1, 0.2], "width_multipliers": [1.0], "depth_multipliers": [1, 2], "heads": ["pool_linear", "conv1x1"], "head_widths": [64, 128, 256], "min_feature_size": 2}}, "trials": 2, "stopping": {"enabled": true, "first_rung": 0.5, "factor": 2.0, "quantile": 0.98, "least_finished": 5, "across_studies": false}, "proposals": 32, "seed": 0, "device": "cpu", "hang_seconds": 600.0, "output_dir": "/home/me/sqlite", "cache_dir": "/home/me/cache", "feature_cache_gb": 2.0, "heads_at_once": 16}');
INSERT INTO "study_user_attributes" VALUES(3,1,'data','{"name": "pictures", "source": "folder", "fingerprint": "f46c867ed31f5d53b5573540b9e7f9f433fe35ad6a35a6950880b19621c73b67", "classes": ["class0", "class1", "class2"], "counts": {"train": {"class0": 10, "class1": 10, "class2": 10}, "validation": {"class0": 3, "class1": 3, "class2": 3}, "test": {"class0": 3, "class1": 3, "class2": 3}}, "shares": {"train": 0.625, "validation": 0.1875, "test": 0.1875}, "split_seed": 0, "fit": "stretch", "warnings": []}');
INSERT INTO "study_user_attributes" VALUES(4,1,'versions','{"torch": "2.12.1", "timm": "1.0.31", "optuna": "5.0.0", "elimnet-search": "0.1.0"}');
INSERT INTO "study_user_attributes" VALUES(5,1,'python','"3.11.7"');
INSERT INTO "study_user_attributes" VALUES(6,1,'backbones','{"test_resnet": {"parameters": 372979, "macs": 4098336}}');
INSERT INTO "study_user_attributes" VALUES(7,1,'resolved_space','{"image_sizes": [32], "learning_rate": {"low": 0.001, "high": 0.01, "log": true}, "weight_decay": {"low": 0.001, "high": 0.1, "log": true}, "dropout": {"low": 0.0, "high": 0.4, "log": false}, "augmentation": {"low": 0.0, "high": 1.0, "log": false}, "distillation": [0.0], "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.003, "trunk_learning_rate": 0.3, "weight_decay": 0.05, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "ema_decay": null, "augmentation": 0.5, "first_size": 1.0, "flip": false, "frozen_stages": 0, "frozen_views": null, "class_balance": "none", "distillation": 0.0}, "max_parameters": 5000000, "max_macs": null, "max_latency_ms": null, "trials": null, "minutes": null, "space": "elimination", "backbones": ["test_resnet"], "uncut": true, "heads": ["pool_linear", "conv1x1", "conv3x3", "multi_tap"], "head_widths": [64, 128, 256], "max_convolutions": 3, "trunk_learning_rate": {"low": 0.1, "high": 1.0, "log": true}, "max_frozen_stages": 3, "initial_weights": "random", "profile": true}');
INSERT INTO "study_user_attributes" VALUES(8,2,'space','"scratch"');
INSERT INTO "study_user_attributes" VALUES(9,2,'settings','{"name": "old", "data": {"source": "folder", "path": "/home/me/pictures", "annotations": "annotations.json", "class_of_category": {}, "validation_share": 0.2, "test_share": 0.2, "split_seed": 0, "fit": "stretch", "unreadable": "refuse", "max_pixels": 100000000}, "studies": {"elimination": {"image_sizes": [32], "learning_rate": {"low": 0.001, "high": 0.01, "log": true}, "weight_decay": {"low": 0.001, "high": 0.1, "log": true}, "dropout": {"low": 0.0, "high": 0.4, "log": false}, "augmentation": {"low": 0.0, "high": 1.0, "log": false}, "distillation": [0.0], "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.003, "trunk_learning_rate": 0.3, "weight_decay": 0.05, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "augmentation": 0.5, "first_size": 1.0, "flip": false, "frozen_stages": 0, "class_balance": "none", "distillation": 0.0}, "max_parameters": 5000000, "space": "elimination", "backbones": ["test_resnet"], "uncut": true, "heads": ["pool_linear", "conv1x1", "conv3x3", "multi_tap"], "head_widths": [64, 128, 256], "max_convolutions": 3, "trunk_learning_rate": {"low": 0.1, "high": 1.0, "log": true}, "max_frozen_stages": 3, "initial_weights": "random", "profile": true}, "scratch": {"image_sizes": [32], "learning_rate": {"low": 0.001, "high": 0.01, "log": true}, "weight_decay": {"low": 0.001, "high": 0.1, "log": true}, "dropout": {"low": 0.0, "high": 0.4, "log": false}, "augmentation": {"low": 0.0, "high": 0.5, "log": false}, "distillation": [0.0], "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.003, "trunk_learning_rate": 0.3, "weight_decay": 0.05, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "augmentation": 0.5, "first_size": 1.0, "flip": false, "frozen_stages": 0, "class_balance": "none", "distillation": 0.0}, "max_parameters": 5000000, "space": "scratch", "blocks": ["dwconv", "inverted_residual_v3", "mbconv"], "stages": [1, 2], "stem_channels": [8, 16, 24], "widths": [16, 32], "max_repeats": 1, "kernels": [3, 5], "expansions": [2.0, 3.0, 4.0, 6.0], "activations": ["relu", "hard_swish", "silu"], "stochastic_depths": [0.0, 0.1, 0.2], "width_multipliers": [1.0], "depth_multipliers": [1, 2], "heads": ["pool_linear", "conv1x1"], "head_widths": [64, 128, 256], "min_feature_size": 2}}, "trials": 2, "stopping": {"enabled": true, "first_rung": 0.5, "factor": 2.0, "quantile": 0.98, "least_finished": 5, "across_studies": false}, "proposals": 32, "seed": 0, "device": "cpu", "hang_seconds": 600.0, "output_dir": "/home/me/sqlite", "cache_dir": "/home/me/cache", "feature_cache_gb": 2.0, "heads_at_once": 16}');
INSERT INTO "study_user_attributes" VALUES(10,2,'data','{"name": "pictures", "source": "folder", "fingerprint": "f46c867ed31f5d53b5573540b9e7f9f433fe35ad6a35a6950880b19621c73b67", "classes": ["class0", "class1", "class2"], "counts": {"train": {"class0": 10, "class1": 10, "class2": 10}, "validation": {"class0": 3, "class1": 3, "class2": 3}, "test": {"class0": 3, "class1": 3, "class2": 3}}, "shares": {"train": 0.625, "validation": 0.1875, "test": 0.1875}, "split_seed": 0, "fit": "stretch", "warnings": []}');
INSERT INTO "study_user_attributes" VALUES(11,2,'versions','{"torch": "2.12.1", "timm": "1.0.31", "optuna": "5.0.0", "elimnet-search": "0.1.0"}');
INSERT INTO "study_user_attributes" VALUES(12,2,'python','"3.11.7"');
INSERT INTO "study_user_attributes" VALUES(13,2,'resolved_space','{"image_sizes": [32], "learning_rate": {"low": 0.001, "high": 0.01, "log": true}, "weight_decay": {"low": 0.001, "high": 0.1, "log": true}, "dropout": {"low": 0.0, "high": 0.4, "log": false}, "augmentation": {"low": 0.0, "high": 0.5, "log": false}, "distillation": [0.0], "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.003, "trunk_learning_rate": 0.3, "weight_decay": 0.05, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "ema_decay": null, "augmentation": 0.5, "first_size": 1.0, "flip": false, "frozen_stages": 0, "frozen_views": null, "class_balance": "none", "distillation": 0.0}, "max_parameters": 5000000, "max_macs": null, "max_latency_ms": null, "trials": null, "minutes": null, "space": "scratch", "blocks": ["dwconv", "inverted_residual_v3", "mbconv"], "stages": [1, 2], "stem_channels": [8, 16, 24], "widths": [16, 32], "max_repeats": 1, "kernels": [3, 5], "expansions": [2.0, 3.0, 4.0, 6.0], "activations": ["relu", "hard_swish", "silu"], "stochastic_depths": [0.0, 0.1, 0.2], "width_multipliers": [1.0], "depth_multipliers": [1, 2], "heads": ["pool_linear", "conv1x1"], "head_widths": [64, 128, 256], "min_feature_size": 2}');
CREATE TABLE trial_heartbeats (
	trial_heartbeat_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	heartbeat DATETIME NOT NULL, 
	PRIMARY KEY (trial_heartbeat_id), 
	UNIQUE (trial_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_intermediate_values (
	trial_intermediate_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	intermediate_value FLOAT, 
	intermediate_value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_intermediate_value_id), 
	UNIQUE (trial_id, step), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_params (
	param_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	param_name VARCHAR(512), 
	param_value FLOAT, 
	distribution_json TEXT, 
	PRIMARY KEY (param_id), 
	UNIQUE (trial_id, param_name), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_params" VALUES(1,1,'test_resnet.cut',4.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 0, "high": 4}}');
INSERT INTO "trial_params" VALUES(2,1,'dropout',0.1,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.4, "log": false}}');
INSERT INTO "trial_params" VALUES(3,1,'learning_rate',0.003,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(4,1,'weight_decay',0.05,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.1, "log": true}}');
INSERT INTO "trial_params" VALUES(5,1,'augmentation',0.5,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(6,2,'stem_channels',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [8, 16, 24]}}');
INSERT INTO "trial_params" VALUES(7,2,'depth_multiplier',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2]}}');
INSERT INTO "trial_params" VALUES(8,2,'stages',1.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 1, "high": 2}}');
INSERT INTO "trial_params" VALUES(9,2,'stage1.block',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["dwconv", "inverted_residual_v3", "mbconv"]}}');
INSERT INTO "trial_params" VALUES(10,2,'stage1.expansion',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [2.0, 3.0, 4.0, 6.0]}}');
INSERT INTO "trial_params" VALUES(11,2,'stage1.width',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [16, 32]}}');
INSERT INTO "trial_params" VALUES(12,2,'stage1.kernel',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [3, 5]}}');
INSERT INTO "trial_params" VALUES(13,2,'stage1.stride',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2]}}');
INSERT INTO "trial_params" VALUES(14,2,'stage1.activation',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["relu", "hard_swish", "silu"]}}');
INSERT INTO "trial_params" VALUES(15,2,'stage1.squeeze_excitation',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [false, true]}}');
INSERT INTO "trial_params" VALUES(16,2,'head',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["pool_linear", "conv1x1"]}}');
INSERT INTO "trial_params" VALUES(17,2,'dropout',2.80117226166436528167e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.4, "log": false}}');
INSERT INTO "trial_params" VALUES(18,2,'learning_rate',4.07561326222851717793e-03,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(19,2,'weight_decay',9.79461547634135308582e-03,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.1, "log": true}}');
INSERT INTO "trial_params" VALUES(20,2,'augmentation',1.64798358101554243138e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(21,3,'test_resnet.cut',1.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 0, "high": 4}}');
INSERT INTO "trial_params" VALUES(22,3,'dropout',3.87883542706956185863e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.4, "log": false}}');
INSERT INTO "trial_params" VALUES(23,3,'head',3.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["pool_linear", "conv1x1", "conv3x3", "multi_tap"]}}');
INSERT INTO "trial_params" VALUES(24,3,'learning_rate',1.21260444151708693567e-03,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(25,3,'weight_decay',1.61151797985155109671e-02,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.1, "log": true}}');
INSERT INTO "trial_params" VALUES(26,3,'augmentation',8.9301165080412181485e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(27,4,'stem_channels',2.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [8, 16, 24]}}');
INSERT INTO "trial_params" VALUES(28,4,'depth_multiplier',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2]}}');
INSERT INTO "trial_params" VALUES(29,4,'stages',2.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 1, "high": 2}}');
INSERT INTO "trial_params" VALUES(30,4,'stage1.block',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["dwconv", "inverted_residual_v3", "mbconv"]}}');
INSERT INTO "trial_params" VALUES(31,4,'stage1.width',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [16, 32]}}');
INSERT INTO "trial_params" VALUES(32,4,'stage1.kernel',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [3, 5]}}');
INSERT INTO "trial_params" VALUES(33,4,'stage1.stride',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2]}}');
INSERT INTO "trial_params" VALUES(34,4,'stage1.activation',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["relu", "hard_swish", "silu"]}}');
INSERT INTO "trial_params" VALUES(35,4,'stage2.block',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["dwconv", "inverted_residual_v3", "mbconv"]}}');
INSERT INTO "trial_params" VALUES(36,4,'stage2.expansion',2.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [2.0, 3.0, 4.0, 6.0]}}');
INSERT INTO "trial_params" VALUES(37,4,'stage2.width',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [16, 32]}}');
INSERT INTO "trial_params" VALUES(38,4,'stage2.kernel',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [3, 5]}}');
INSERT INTO "trial_params" VALUES(39,4,'stage2.stride',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2]}}');
INSERT INTO "trial_params" VALUES(40,4,'stage2.activation',2.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["relu", "hard_swish", "silu"]}}');
INSERT INTO "trial_params" VALUES(41,4,'stage2.squeeze_excitation',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [false, true]}}');
INSERT INTO "trial_params" VALUES(42,4,'head',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["pool_linear", "conv1x1"]}}');
INSERT INTO "trial_params" VALUES(43,4,'dropout',1.81809784063422970323e-02,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.4, "log": false}}');
INSERT INTO "trial_params" VALUES(44,4,'learning_rate',2.11664651429609336485e-03,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(45,4,'weight_decay',0.0433648266819681,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 0.1, "log": true}}');
INSERT INTO "trial_params" VALUES(46,4,'augmentation',3.90821456064980532474e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.5, "log": false}}');
CREATE TABLE trial_system_attributes (
	trial_system_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_system_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_system_attributes" VALUES(1,1,'fixed_params','{"learning_rate": 0.003, "weight_decay": 0.05, "augmentation": 0.5, "dropout": 0.1, "trunk_learning_rate": 0.3, "frozen_stages": 0, "test_resnet.cut": 4}');
INSERT INTO "trial_system_attributes" VALUES(2,1,'elimnet:detail:candidate','{"network": {"image_size": 32, "classes": 3, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "head": {"kind": "original", "width": null, "convolutions": null, "taps": [], "dropout": 0.1}, "family": "eliminated", "backbone": "test_resnet", "cut": null}, "initial_weights": "random", "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.003, "trunk_learning_rate": 1.0, "weight_decay": 0.05, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "ema_decay": null, "augmentation": 0.5, "first_size": 1.0, "flip": false, "frozen_stages": 0, "frozen_views": null, "class_balance": "none", "distillation": 0.0}, "teacher": null}');
INSERT INTO "trial_system_attributes" VALUES(3,1,'elimnet:detail:f1_per_class','[1.0, 0.0, 0.6666666666666666]');
INSERT INTO "trial_system_attributes" VALUES(4,1,'elimnet:detail:confusion','[[3, 0, 0], [0, 0, 3], [0, 0, 3]]');
INSERT INTO "trial_system_attributes" VALUES(5,2,'elimnet:detail:candidate','{"network": {"image_size": 32, "classes": 3, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "head": {"kind": "pool_linear", "width": null, "convolutions": null, "taps": [], "dropout": 0.28011722616643653}, "family": "scratch", "stem_channels": 8, "stages": [{"block": "inverted_residual_v3", "channels": 16, "repeats": 1, "kernel": 5, "stride": 1, "activation": "hard_swish", "expansion": 3.0, "squeeze_excitation": false, "stochastic_depth": 0.0}]}, "initial_weights": "random", "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.004075613262228517, "trunk_learning_rate": 1.0, "weight_decay": 0.009794615476341353, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "ema_decay": null, "augmentation": 0.16479835810155424, "first_size": 1.0, "flip": false, "frozen_stages": 0, "frozen_views": null, "class_balance": "none", "distillation": 0.0}, "teacher": null}');
INSERT INTO "trial_system_attributes" VALUES(6,2,'elimnet:detail:f1_per_class','[0.0, 0.5, 0.0]');
INSERT INTO "trial_system_attributes" VALUES(7,2,'elimnet:detail:confusion','[[0, 3, 0], [0, 3, 0], [0, 3, 0]]');
INSERT INTO "trial_system_attributes" VALUES(8,3,'elimnet:detail:candidate','{"network": {"image_size": 32, "classes": 3, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "head": {"kind": "multi_tap", "width": null, "convolutions": null, "taps": ["layer1.0"], "dropout": 0.3878835427069562}, "family": "eliminated", "backbone": "test_resnet", "cut": "layer2.0"}, "initial_weights": "random", "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.001212604441517087, "trunk_learning_rate": 1.0, "weight_decay": 0.01611517979851551, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "ema_decay": null, "augmentation": 0.8930116508041218, "first_size": 1.0, "flip": false, "frozen_stages": 0, "frozen_views": null, "class_balance": "none", "distillation": 0.0}, "teacher": null}');
INSERT INTO "trial_system_attributes" VALUES(9,3,'elimnet:detail:f1_per_class','[0.5, 0.0, 0.0]');
INSERT INTO "trial_system_attributes" VALUES(10,3,'elimnet:detail:confusion','[[3, 0, 0], [3, 0, 0], [3, 0, 0]]');
INSERT INTO "trial_system_attributes" VALUES(11,4,'elimnet:detail:candidate','{"network": {"image_size": 32, "classes": 3, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "head": {"kind": "pool_linear", "width": null, "convolutions": null, "taps": [], "dropout": 0.018180978406342297}, "family": "scratch", "stem_channels": 24, "stages": [{"block": "dwconv", "channels": 16, "repeats": 2, "kernel": 5, "stride": 2, "activation": "hard_swish", "expansion": null, "squeeze_excitation": false, "stochastic_depth": 0.0}, {"block": "inverted_residual_v3", "channels": 32, "repeats": 2, "kernel": 3, "stride": 2, "activation": "silu", "expansion": 4.0, "squeeze_excitation": true, "stochastic_depth": 0.0}]}, "initial_weights": "random", "recipe": {"epochs": 2, "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.0021166465142960934, "trunk_learning_rate": 1.0, "weight_decay": 0.0433648266819681, "momentum": 0.9, "warmup_epochs": 1.0, "label_smoothing": 0.1, "gradient_clip": 1.0, "ema_decay": null, "augmentation": 0.39082145606498053, "first_size": 1.0, "flip": false, "frozen_stages": 0, "frozen_views": null, "class_balance": "none", "distillation": 0.0}, "teacher": null}');
INSERT INTO "trial_system_attributes" VALUES(12,4,'elimnet:detail:f1_per_class','[0.5, 0.0, 0.0]');
INSERT INTO "trial_system_attributes" VALUES(13,4,'elimnet:detail:confusion','[[3, 0, 0], [3, 0, 0], [3, 0, 0]]');
CREATE TABLE trial_user_attributes (
	trial_user_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_user_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_user_attributes" VALUES(1,1,'candidate_key','"16877b90f3aa2c55"');
INSERT INTO "trial_user_attributes" VALUES(2,1,'seed','0');
INSERT INTO "trial_user_attributes" VALUES(3,1,'family','"eliminated"');
INSERT INTO "trial_user_attributes" VALUES(4,1,'summary','"test_resnet uncut, 32 px"');
INSERT INTO "trial_user_attributes" VALUES(5,1,'runs_to_end','true');
INSERT INTO "trial_user_attributes" VALUES(6,1,'parameters','372979');
INSERT INTO "trial_user_attributes" VALUES(7,1,'macs','4098336');
INSERT INTO "trial_user_attributes" VALUES(8,1,'layers','16');
INSERT INTO "trial_user_attributes" VALUES(9,1,'accuracy','0.6666666666666666');
INSERT INTO "trial_user_attributes" VALUES(10,1,'validation_loss','1.034972071647644');
INSERT INTO "trial_user_attributes" VALUES(11,1,'train_f1_macro','0.901940842444275');
INSERT INTO "trial_user_attributes" VALUES(12,1,'epochs','2');
INSERT INTO "trial_user_attributes" VALUES(13,1,'seconds','1.0112889359998007');
INSERT INTO "trial_user_attributes" VALUES(14,1,'images_per_second','85.12627348866413');
INSERT INTO "trial_user_attributes" VALUES(15,1,'peak_memory_mb','941.921875');
INSERT INTO "trial_user_attributes" VALUES(16,1,'device','"CPU x86_64, 1 threads"');
INSERT INTO "trial_user_attributes" VALUES(17,2,'candidate_key','"3cdc850ad7e5853c"');
INSERT INTO "trial_user_attributes" VALUES(18,2,'seed','0');
INSERT INTO "trial_user_attributes" VALUES(19,2,'family','"scratch"');
INSERT INTO "trial_user_attributes" VALUES(20,2,'summary','"irv3_c16 + pool_linear, 32 px"');
INSERT INTO "trial_user_attributes" VALUES(21,2,'parameters','1587');
INSERT INTO "trial_user_attributes" VALUES(22,2,'macs','356400');
INSERT INTO "trial_user_attributes" VALUES(23,2,'layers','5');
INSERT INTO "trial_user_attributes" VALUES(24,2,'accuracy','0.3333333333333333');
INSERT INTO "trial_user_attributes" VALUES(25,2,'validation_loss','1.0964241027832031');
INSERT INTO "trial_user_attributes" VALUES(26,2,'train_f1_macro','0.6660818713450292');
INSERT INTO "trial_user_attributes" VALUES(27,2,'epochs','2');
INSERT INTO "trial_user_attributes" VALUES(28,2,'seconds','0.44271379500059993');
INSERT INTO "trial_user_attributes" VALUES(29,2,'images_per_second','274.04015218952605');
INSERT INTO "trial_user_attributes" VALUES(30,2,'peak_memory_mb','944.125');
INSERT INTO "trial_user_attributes" VALUES(31,2,'device','"CPU x86_64, 1 threads"');
INSERT INTO "trial_user_attributes" VALUES(32,3,'candidate_key','"0be2ee2174ba9215"');
INSERT INTO "trial_user_attributes" VALUES(33,3,'seed','0');
INSERT INTO "trial_user_attributes" VALUES(34,3,'family','"eliminated"');
INSERT INTO "trial_user_attributes" VALUES(35,3,'summary','"test_resnet to layer2.0 + multi_tap layer1.0, 32 px"');
INSERT INTO "trial_user_attributes" VALUES(36,3,'parameters','62659');
INSERT INTO "trial_user_attributes" VALUES(37,3,'macs','3637488');
INSERT INTO "trial_user_attributes" VALUES(38,3,'layers','9');
INSERT INTO "trial_user_attributes" VALUES(39,3,'accuracy','0.3333333333333333');
INSERT INTO "trial_user_attributes" VALUES(40,3,'validation_loss','1.0757170915603638');
INSERT INTO "trial_user_attributes" VALUES(41,3,'train_f1_macro','0.14035087719298245');
INSERT INTO "trial_user_attributes" VALUES(42,3,'epochs','2');
INSERT INTO "trial_user_attributes" VALUES(43,3,'seconds','0.4270325639990915');
INSERT INTO "trial_user_attributes" VALUES(44,3,'images_per_second','191.4032365968676');
INSERT INTO "trial_user_attributes" VALUES(45,3,'peak_memory_mb','947.38671875');
INSERT INTO "trial_user_attributes" VALUES(46,3,'device','"CPU x86_64, 1 threads"');
INSERT INTO "trial_user_attributes" VALUES(47,4,'candidate_key','"d50568525d300bbc"');
INSERT INTO "trial_user_attributes" VALUES(48,4,'seed','0');
INSERT INTO "trial_user_attributes" VALUES(49,4,'family','"scratch"');
INSERT INTO "trial_user_attributes" VALUES(50,4,'summary','"dwconv_c16_r2_s2 irv3_c32_r2_s2 + pool_linear, 32 px"');
INSERT INTO "trial_user_attributes" VALUES(51,4,'parameters','26947');
INSERT INTO "trial_user_attributes" VALUES(52,4,'macs','538208');
INSERT INTO "trial_user_attributes" VALUES(53,4,'layers','16');
INSERT INTO "trial_user_attributes" VALUES(54,4,'accuracy','0.3333333333333333');
INSERT INTO "trial_user_attributes" VALUES(55,4,'validation_loss','1.1009258031845093');
INSERT INTO "trial_user_attributes" VALUES(56,4,'train_f1_macro','0.7248677248677248');
INSERT INTO "trial_user_attributes" VALUES(57,4,'epochs','2');
INSERT INTO "trial_user_attributes" VALUES(58,4,'seconds','0.6627614840017486');
INSERT INTO "trial_user_attributes" VALUES(59,4,'images_per_second','142.39035895610235');
INSERT INTO "trial_user_attributes" VALUES(60,4,'peak_memory_mb','949.6015625');
INSERT INTO "trial_user_attributes" VALUES(61,4,'device','"CPU x86_64, 1 threads"');
CREATE TABLE trial_values (
	trial_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	value FLOAT, 
	value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_value_id), 
	UNIQUE (trial_id, objective), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_values" VALUES(1,1,0,5.55555555555555469204e-01,'FINITE');
INSERT INTO "trial_values" VALUES(2,1,1,372979.0,'FINITE');
INSERT INTO "trial_values" VALUES(3,2,0,1.66666666666666657414e-01,'FINITE');
INSERT INTO "trial_values" VALUES(4,2,1,1587.0,'FINITE');
INSERT INTO "trial_values" VALUES(5,3,0,1.66666666666666657414e-01,'FINITE');
INSERT INTO "trial_values" VALUES(6,3,1,62659.0,'FINITE');
INSERT INTO "trial_values" VALUES(7,4,0,1.66666666666666657414e-01,'FINITE');
INSERT INTO "trial_values" VALUES(8,4,1,26947.0,'FINITE');
CREATE TABLE trials (
	trial_id INTEGER NOT NULL, 
	number INTEGER, 
	study_id INTEGER, 
	state VARCHAR(8) NOT NULL, 
	datetime_start DATETIME, 
	datetime_complete DATETIME, 
	PRIMARY KEY (trial_id), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "trials" VALUES(1,0,1,'COMPLETE','2026-11-30 16:23:35.240000','2026-11-30 16:23:37.387000');
INSERT INTO "trials" VALUES(2,0,2,'COMPLETE','2026-11-30 16:23:39.455000','2026-11-30 16:23:40.557000');
INSERT INTO "trials" VALUES(3,1,1,'COMPLETE','2026-11-30 16:23:42.006000','2026-11-30 16:23:43.096000');
INSERT INTO "trials" VALUES(4,1,2,'COMPLETE','2026-11-30 16:23:44.917000','2026-11-30 16:23:46.513000');
INSERT INTO "trials" VALUES(5,2,2,'RUNNING','2026-11-30 16:24:18.526000',NULL);
CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL, 
	schema_version INTEGER, 
	library_version VARCHAR(256), 
	PRIMARY KEY (version_info_id), 
	CHECK (version_info_id=1)
);
INSERT INTO "version_info" VALUES(1,12,'5.0.0');
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE INDEX ix_trials_study_id ON trials (study_id);
COMMIT;
